/* What a search does at every step beside products. kernels.py says what the arguments mean. */
#include "common.h"

enum { BLOCK = 64 }; /* entries whose largest is looked at first */

/* 127 x + 128 as a whole number, for x within -1 and 1; what is beyond becomes 0 or 255. */
void as_bytes(size rows, size width, const uint8_t *is_real,
              const narrow *x, size x_stride, uint8_t *whole, size whole_stride) {
    (void)is_real;
    for (size row = 0; row < rows; row++) {
        const narrow *in = x + row * x_stride;
        uint8_t *out = whole + row * whole_stride;
        EACH(j, width) {
            float value = wide(in[j]) * 127.0f + 128.5f;
            value = value > 0.0f ? value : 0.0f;
            value = value < 255.0f ? value : 255.0f;
            out[j] = (uint8_t)(int32_t)value;
        }
    }
}

/* For each query h the softmax of h · key over the keys of its sentence, head by head, and the sum
 * of the values so weighted. Writes [h; context], as the product of the readout reads it.
 * shape: queries of a sentence, which are side by side; heads. */
void attend(size rows, size hidden, const uint8_t *is_real,
            const float *queries, size queries_stride,
            const narrow *keys, size keys_stride, const narrow *values, size values_stride,
            const int64_t *lengths, size lengths_stride, const int64_t *shape, size shape_stride,
            float *weights, size weights_stride, float *sums, size sums_stride,
            narrow *read, size read_stride) {
    (void)is_real, (void)shape_stride, (void)weights_stride, (void)sums_stride;
    size beams = shape[0], heads = shape[1], units = hidden / heads;
    for (size row = 0; row < rows; row++) {
        const float *query = queries + row * queries_stride;
        size sentence = row / beams, length = lengths[sentence * lengths_stride];
        narrow *out = read + row * read_stride;
        EACH(j, hidden)
            out[j] = narrowed(query[j]);
        for (size head = 0; head < heads; head++) {
            const float *q = query + head * units;
            const narrow *key = keys + sentence * keys_stride + head * units;
            const narrow *value = values + sentence * values_stride + head * units;
            float largest = -INFINITY, total = 0.0f;
            for (size at = 0; at < length; at++) {
                const narrow *k = key + at * hidden;
                float score = 0.0f;
                REDUCE(+ : score)
                for (size j = 0; j < units; j++)
                    score += q[j] * wide(k[j]);
                weights[at] = score;
                largest = score > largest ? score : largest;
            }
            REDUCE(+ : total)
            for (size at = 0; at < length; at++) {
                weights[at] = exp_of(weights[at] - largest);
                total += weights[at];
            }
            memset(sums, 0, units * sizeof *sums);
            for (size at = 0; at < length; at++) {
                const narrow *v = value + at * hidden;
                float weight = wide(narrowed(weights[at] / total));
                EACH(j, units)
                    sums[j] += weight * wide(v[j]);
            }
            narrow *context = out + hidden + head * units;
            EACH(j, units)
                context[j] = narrowed(sums[j]);
        }
    }
}

/* The place of the largest of some entries; of those that come after (last, last_at) only, in
 * the order of falling values and rising places. -1 if there is none. */
static size find_next(const narrow *x, size start, size end, float last, size last_at) {
    size at = -1;
    float top = 0.0f;
    for (size j = start; j < end; j++) {
        float value = wide(x[j]);
        int comes_after = value < last || (value == last && j > last_at);
        if (comes_after && (at < 0 || value > top)) {
            at = j;
            top = value;
        }
    }
    return at;
}

/* The largest logits of each row, largest first, as log-probabilities, and where they are.
 * tops, places: room for a value of every block. */
void best_pieces(size rows, size vocab, const uint8_t *is_real,
                 const narrow *logits, size logits_stride, float *tops, size tops_stride,
                 int64_t *places, size places_stride, const int64_t *keep, size keep_stride,
                 float *log_probs, size log_probs_stride, int64_t *pieces, size pieces_stride) {
    (void)is_real, (void)tops_stride, (void)places_stride, (void)keep_stride;
    size blocks = (vocab + BLOCK - 1) / BLOCK;
    for (size row = 0; row < rows; row++) {
        const narrow *x = logits + row * logits_stride;
        float largest = -INFINITY, total = 0.0f;
        for (size block = 0; block < blocks; block++) {
            size start = block * BLOCK, end = start + BLOCK < vocab ? start + BLOCK : vocab;
            float top = -INFINITY;
            REDUCE(max : top)
            for (size j = start; j < end; j++)
                top = wide(x[j]) > top ? wide(x[j]) : top;
            tops[block] = top;
            places[block] = -2; /* not looked for yet */
            largest = top > largest ? top : largest;
        }
        REDUCE(+ : total)
        for (size j = 0; j < vocab; j++)
            total += exp_of(wide(x[j]) - largest);
        float log_total = largest + logf(total);
        for (size rank = 0; rank < keep[0]; rank++) {
            size best = -1;
            for (size block = 0; block < blocks; block++)
                if (places[block] != -1 && (best < 0 || tops[block] > tops[best]))
                    best = block;
            log_probs[row * log_probs_stride + rank] = -INFINITY;
            pieces[row * pieces_stride + rank] = 0;
            if (best < 0) /* only where entries are NaN */
                continue;
            size start = best * BLOCK, end = start + BLOCK < vocab ? start + BLOCK : vocab;
            if (places[best] == -2)
                places[best] = find_next(x, start, end, INFINITY, -1);
            if (places[best] < 0) {
                rank--; /* nothing in this block; it is not asked again */
                continue;
            }
            size at = places[best];
            log_probs[row * log_probs_stride + rank] = wide(x[at]) - log_total;
            pieces[row * pieces_stride + rank] = at;
            places[best] = find_next(x, start, end, wide(x[at]), at);
            tops[best] = places[best] < 0 ? -INFINITY : wide(x[places[best]]);
        }
    }
}
