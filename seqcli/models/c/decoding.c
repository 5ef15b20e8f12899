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
 * places: the sentence that each group of queries belongs to. shape: queries of a group, heads. */
void attend(size rows, size hidden, const uint8_t *is_real,
            const float *queries, size queries_stride,
            const narrow *keys, size keys_stride, const narrow *values, size values_stride,
            const int64_t *lengths, size lengths_stride, const int64_t *places, size places_stride,
            const int64_t *shape, size shape_stride,
            float *weights, size weights_stride, float *sums, size sums_stride,
            narrow *read, size read_stride) {
    (void)is_real, (void)shape_stride, (void)weights_stride, (void)sums_stride;
    size beams = shape[0], heads = shape[1], units = hidden / heads;
    for (size row = 0; row < rows; row++) {
        const float *query = queries + row * queries_stride;
        size sentence = places[row / beams * places_stride], length = lengths[sentence * lengths_stride];
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

/* Puts one value among the largest so far, which stand largest first; of equal ones the first. */
static inline void insert(float value, int64_t piece, size keep, float *best, int64_t *pieces) {
    size at = keep - 1;
    if (!(value > best[at]))
        return;
    for (; at > 0 && value > best[at - 1]; at--) {
        best[at] = best[at - 1];
        pieces[at] = pieces[at - 1];
    }
    best[at] = value;
    pieces[at] = piece;
}

static inline void forget(size keep, float *best, int64_t *pieces) {
    for (size rank = 0; rank < keep; rank++) {
        best[rank] = -INFINITY;
        pieces[rank] = 0;
    }
}

/* Gives the ranks that are left to entries of minus infinity, the first ones first. */
static void fill_up(const narrow *x, size vocab, size keep, const float *best, int64_t *places) {
    size rank = 0;
    while (rank < keep && best[rank] > -INFINITY)
        rank++;
    for (size j = 0; j < vocab && rank < keep; j++)
        if (wide(x[j]) == -INFINITY)
            places[rank++] = j;
}

/* The largest logits of each row, largest first, as log-probabilities, and where they are.
 * tops: room for a value of every block. */
void best_pieces(size rows, size vocab, const uint8_t *is_real,
                 const narrow *logits, size logits_stride, float *tops, size tops_stride,
                 const int64_t *kept, size kept_stride,
                 float *log_probs, size log_probs_stride, int64_t *pieces, size pieces_stride) {
    (void)is_real, (void)tops_stride, (void)kept_stride;
    size blocks = (vocab + BLOCK - 1) / BLOCK, keep = kept[0];
    for (size row = 0; row < rows; row++) {
        const narrow *x = logits + row * logits_stride;
        float *best = log_probs + row * log_probs_stride, total = 0.0f;
        int64_t *places = pieces + row * pieces_stride;
        forget(keep, best, places);
        for (size block = 0; block < blocks; block++) {
            size start = block * BLOCK, end = start + BLOCK < vocab ? start + BLOCK : vocab;
            float top = -INFINITY;
            REDUCE(max : top)
            for (size j = start; j < end; j++)
                top = wide(x[j]) > top ? wide(x[j]) : top;
            tops[block] = top;
            insert(top, block, keep, best, places);
        }
        float largest = best[0], least = best[keep - 1]; /* of the keep largest, none is below */
        REDUCE(+ : total)
        for (size j = 0; j < vocab; j++)
            total += exp_of(wide(x[j]) - largest);
        forget(keep, best, places);
        for (size block = 0; block < blocks; block++) {
            if (tops[block] < least)
                continue;
            size start = block * BLOCK, end = start + BLOCK < vocab ? start + BLOCK : vocab;
            for (size j = start; j < end; j++)
                if (wide(x[j]) >= least)
                    insert(wide(x[j]), j, keep, best, places);
        }
        if (best[keep - 1] == -INFINITY)
            fill_up(x, vocab, keep, best, places);
        float log_total = largest + logf(total);
        for (size rank = 0; rank < keep; rank++)
            best[rank] -= log_total;
    }
}

/* The largest of the scores of the listed pieces, as log-probabilities among these. */
static void best_of_list(const float *scores, const int64_t *list, size length, size keep,
                         float *log_probs, int64_t *pieces) {
    forget(keep, log_probs, pieces);
    for (size at = 0; at < length; at++)
        insert(scores[at], list[at], keep, log_probs, pieces);
    float largest = log_probs[0], total = 0.0f;
    REDUCE(+ : total)
    for (size at = 0; at < length; at++)
        total += exp_of(scores[at] - largest);
    float log_total = largest + logf(total);
    for (size rank = 0; rank < keep; rank++)
        log_probs[rank] -= log_total;
}

/* x times some rows of a weight, FEW at a time, whose sums do not wait for each other. */
enum { FEW = 4 };

static inline void products_of_bytes(const uint8_t *x, const int8_t *w[FEW], size width,
                                     float *products) {
    int32_t sum_0 = 0, sum_1 = 0, sum_2 = 0, sum_3 = 0;
    const int8_t *w_0 = w[0], *w_1 = w[1], *w_2 = w[2], *w_3 = w[3];
    for (size j = 0; j < width; j++) { /* compilers know this pattern */
        sum_0 += x[j] * w_0[j];
        sum_1 += x[j] * w_1[j];
        sum_2 += x[j] * w_2[j];
        sum_3 += x[j] * w_3[j];
    }
    products[0] = (float)sum_0, products[1] = (float)sum_1;
    products[2] = (float)sum_2, products[3] = (float)sum_3;
}

static inline void products_of(const narrow *x, const narrow *w[FEW], size width,
                               float *products) {
    float sum_0 = 0.0f, sum_1 = 0.0f, sum_2 = 0.0f, sum_3 = 0.0f;
    const narrow *w_0 = w[0], *w_1 = w[1], *w_2 = w[2], *w_3 = w[3];
    REDUCE(+ : sum_0, sum_1, sum_2, sum_3)
    for (size j = 0; j < width; j++) {
        sum_0 += wide(x[j]) * wide(w_0[j]);
        sum_1 += wide(x[j]) * wide(w_1[j]);
        sum_2 += wide(x[j]) * wide(w_2[j]);
        sum_3 += wide(x[j]) * wide(w_3[j]);
    }
    products[0] = sum_0, products[1] = sum_1, products[2] = sum_2, products[3] = sum_3;
}

/* The best pieces of each row among those that its sentence may say; what they score is x times
 * their row of the weight, scaled and shifted. shape: rows of a sentence, which are side by side;
 * how many to keep. scores: room for the longest list, a row for each of those rows. */
static inline void best_in_lists(
    int in_bytes, size rows, size width, const void *x, size x_stride, const void *weights,
    size weights_stride, const float *scales, const float *shifts, const int64_t *lists,
    const int64_t *bounds, size bounds_stride, const int64_t *shape, float *scores,
    size scores_stride, float *log_probs, size log_probs_stride, int64_t *pieces,
    size pieces_stride) {
    size beams = shape[0], keep = shape[1];
    for (size first = 0; first < rows; first += beams) {
        const int64_t *bound = bounds + first / beams * bounds_stride;
        const int64_t *list = lists + bound[0];
        size length = bound[1] - bound[0];
        for (size at = 0; at < length; at += FEW) {
            size some = length - at < FEW ? length - at : FEW;
            const int8_t *bytes[FEW];
            const narrow *numbers[FEW];
            for (size i = 0; i < FEW; i++) { /* what is beyond the list is multiplied in vain */
                size w = list[i < some ? at + i : at] * weights_stride;
                bytes[i] = (const int8_t *)weights + (in_bytes ? w : 0);
                numbers[i] = (const narrow *)weights + (in_bytes ? 0 : w);
            }
            for (size beam = 0; beam < beams; beam++) {
                size from = (first + beam) * x_stride;
                float products[FEW];
                if (in_bytes)
                    products_of_bytes((const uint8_t *)x + from, bytes, width, products);
                else
                    products_of((const narrow *)x + from, numbers, width, products);
                for (size i = 0; i < some; i++)
                    scores[beam * scores_stride + at + i] =
                        products[i] * scales[list[at + i]] + shifts[list[at + i]];
            }
        }
        for (size beam = 0; beam < beams; beam++)
            best_of_list(scores + beam * scores_stride, list, length, keep,
                         log_probs + (first + beam) * log_probs_stride,
                         pieces + (first + beam) * pieces_stride);
    }
}

void best_of(size rows, size width, const uint8_t *is_real,
             const narrow *x, size x_stride, const narrow *weights, size weights_stride,
             const float *scales, size scales_stride, const float *shifts, size shifts_stride,
             const int64_t *lists, size lists_stride, const int64_t *bounds, size bounds_stride,
             const int64_t *shape, size shape_stride, float *scores, size scores_stride,
             float *log_probs, size log_probs_stride, int64_t *pieces, size pieces_stride) {
    (void)is_real, (void)scales_stride, (void)shifts_stride, (void)lists_stride, (void)shape_stride;
    best_in_lists(0, rows, width, x, x_stride, weights, weights_stride, scales, shifts, lists,
                  bounds, bounds_stride, shape, scores, scores_stride, log_probs, log_probs_stride,
                  pieces, pieces_stride);
}

/* The same for x and weights in whole numbers. */
void best_of_bytes(size rows, size width, const uint8_t *is_real,
                   const uint8_t *x, size x_stride, const int8_t *weights, size weights_stride,
                   const float *scales, size scales_stride, const float *shifts, size shifts_stride,
                   const int64_t *lists, size lists_stride,
                   const int64_t *bounds, size bounds_stride,
                   const int64_t *shape, size shape_stride, float *scores, size scores_stride,
                   float *log_probs, size log_probs_stride, int64_t *pieces, size pieces_stride) {
    (void)is_real, (void)scales_stride, (void)shifts_stride, (void)lists_stride, (void)shape_stride;
    best_in_lists(1, rows, width, x, x_stride, weights, weights_stride, scales, shifts, lists,
                  bounds, bounds_stride, shape, scores, scores_stride, log_probs, log_probs_stride,
                  pieces, pieces_stride);
}
