/* The parts of the loss that go over logits, and sums of gradients. kernels.py says what they mean. */
#include "common.h"

/* Add a narrow matrix to a wide one. */
void accumulate(size rows, size columns, const uint8_t *is_real,
                float *sum, size sum_stride, const narrow *part, size part_stride) {
    (void)is_real;
    for (size row = 0; row < rows; row++) {
        float *s = sum + row * sum_stride;
        const narrow *p = part + row * part_stride;
        EACH(j, columns)
            s[j] += wide(p[j]);
    }
}

/* Turn a row of logits into its gradient: softmax minus the smoothed gold distribution, which is
 * smoothing[0] on every piece and smoothing[1] more on gold. Adds it up in bias_grad, and writes
 * log p of gold, and the mean of log p over all pieces, as likelihoods. */
void softmax_excess(size rows, size vocab, const uint8_t *is_real,
                    narrow *logits, size logits_stride, const int64_t *gold, size gold_stride,
                    const float *smoothing, size smoothing_stride,
                    float *exps, size exps_stride, float *bias_grad, size bias_stride,
                    float *likelihoods, size likelihoods_stride) {
    (void)is_real, (void)smoothing_stride, (void)exps_stride, (void)bias_stride;
    for (size row = 0; row < rows; row++) {
        narrow *logit = logits + row * logits_stride;
        float largest = wide(logit[0]), sum = 0.0f, sum_of_logits = 0.0f;
        size gold_at = gold[row * gold_stride];
        float gold_logit = wide(logit[gold_at]);
        REDUCE(max : largest)
        for (size j = 0; j < vocab; j++)
            largest = wide(logit[j]) > largest ? wide(logit[j]) : largest;
        REDUCE(+ : sum, sum_of_logits)
        for (size j = 0; j < vocab; j++) {
            exps[j] = exp_of(wide(logit[j]) - largest);
            sum += exps[j];
            sum_of_logits += wide(logit[j]);
        }
        float log_total = largest + logf(sum), scale = 1.0f / sum, floor = smoothing[0];
        EACH(j, vocab) {
            float excess = exps[j] * scale - floor;
            logit[j] = narrowed(excess);
            bias_grad[j] += excess;
        }
        logit[gold_at] = narrowed(exps[gold_at] * scale - floor - smoothing[1]);
        bias_grad[gold_at] -= smoothing[1];
        likelihoods[row * likelihoods_stride] = gold_logit - log_total;
        likelihoods[row * likelihoods_stride + 1] = sum_of_logits / (float)vocab - log_total;
    }
}

/* The same for two passes over the same positions, rows of logits and rows of others, and pull the
 * two distributions p and q together: the loss of a row is
 *     (cross-entropy of p + that of q) / 2 + agreement / 4 * (KL(p||q) + KL(q||p)).
 * Likelihoods are the means over both; behind them comes KL(p||q) + KL(q||p). */
void softmax_excess_of_two(size rows, size vocab, const uint8_t *is_real,
                           narrow *logits, size logits_stride, narrow *others, size others_stride,
                           const int64_t *gold, size gold_stride,
                           const float *smoothing, size smoothing_stride,
                           float *exps, size exps_stride, float *bias_grad, size bias_stride,
                           float *likelihoods, size likelihoods_stride) {
    (void)is_real, (void)smoothing_stride, (void)bias_stride;
    float floor = smoothing[0] / 2.0f, more = smoothing[1] / 2.0f, weight = smoothing[2] / 4.0f;
    for (size row = 0; row < rows; row++) {
        narrow *a = logits + row * logits_stride, *b = others + row * others_stride;
        float *p = exps, *q = exps + exps_stride;
        float top_a = wide(a[0]), top_b = wide(b[0]);
        size gold_at = gold[row * gold_stride];
        float gold_logits = wide(a[gold_at]) + wide(b[gold_at]);
        REDUCE(max : top_a, top_b)
        for (size j = 0; j < vocab; j++) {
            top_a = wide(a[j]) > top_a ? wide(a[j]) : top_a;
            top_b = wide(b[j]) > top_b ? wide(b[j]) : top_b;
        }
        float sum_a = 0.0f, sum_b = 0.0f, sum_of_logits = 0.0f, p_apart = 0.0f, q_apart = 0.0f;
        REDUCE(+ : sum_a, sum_b, sum_of_logits, p_apart, q_apart)
        for (size j = 0; j < vocab; j++) {
            p[j] = exp_of(wide(a[j]) - top_a);
            q[j] = exp_of(wide(b[j]) - top_b);
            sum_a += p[j];
            sum_b += q[j];
            sum_of_logits += wide(a[j]) + wide(b[j]);
            p_apart += p[j] * (wide(a[j]) - wide(b[j]));
            q_apart += q[j] * (wide(a[j]) - wide(b[j]));
        }
        float total_a = top_a + logf(sum_a), total_b = top_b + logf(sum_b);
        float scale_a = 1.0f / sum_a, scale_b = 1.0f / sum_b, shift = total_a - total_b;
        float forward = p_apart * scale_a - shift, backward = shift - q_apart * scale_b;
        EACH(j, vocab) {
            float p_j = p[j] * scale_a, q_j = q[j] * scale_b;
            float apart = wide(a[j]) - wide(b[j]) - shift; /* log p - log q */
            float of_a = p_j / 2.0f - floor + weight * (p_j * (apart - forward) + p_j - q_j);
            float of_b = q_j / 2.0f - floor + weight * (q_j * (-apart - backward) + q_j - p_j);
            float is_gold = j == gold_at ? more : 0.0f;
            a[j] = narrowed(of_a - is_gold);
            b[j] = narrowed(of_b - is_gold);
            bias_grad[j] += of_a + of_b - 2.0f * is_gold;
        }
        float totals = (total_a + total_b) / 2.0f, *found = likelihoods + row * likelihoods_stride;
        found[0] = gold_logits / 2.0f - totals;
        found[1] = sum_of_logits / (2.0f * (float)vocab) - totals;
        found[2] = forward + backward;
    }
}
