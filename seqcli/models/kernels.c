/* The element-wise parts of steps.py for one step of one direction, each in one pass over memory.
 *
 * Compiled by kernels.py, once for each type of the products: NARROW_IS_BF16 or float. Names,
 * order of arguments and equations are those of steps.py, which says what they mean. Every
 * matrix has its row stride, in elements, behind it; its units are side by side.
 */
#include <math.h>
#include <stdint.h>
#include <string.h>

typedef int64_t size;

/* A loop over units. Matrices never overlap, so the compiler may take many units at a time. */
#if defined(__clang__)
#define EACH(j, end) _Pragma("clang loop vectorize(assume_safety)") for (size j = 0; j < (end); j++)
#elif defined(__GNUC__)
#define EACH(j, end) _Pragma("GCC ivdep") for (size j = 0; j < (end); j++)
#else
#define EACH(j, end) for (size j = 0; j < (end); j++)
#endif

static inline float from_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline uint32_t to_bits(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

#ifdef NARROW_IS_BF16
typedef uint16_t narrow;

static inline float wide(narrow value) { return from_bits((uint32_t)value << 16); }

/* Round to the nearest, ties to even. */
static inline narrow narrowed(float value) {
    uint32_t bits = to_bits(value);
    return (narrow)((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}
#else
typedef float narrow;

static inline float wide(narrow value) { return value; }
static inline narrow narrowed(float value) { return value; }
#endif

/* A loop that sums up, in any order (-fopenmp-simd). */
#define STRINGIFIED(text) #text
#define PRAGMA(text) _Pragma(STRINGIFIED(text))
#define REDUCE(...) PRAGMA(omp simd reduction(__VA_ARGS__))

/* e^x to a few units in the last place; NaN stays NaN. Cody & Waite: x = n ln 2 + r, and e^r by
 * its Taylor series. Adding 1.5 * 2^23 rounds to a whole number, which is then in the low bits. */
static inline float exp_of(float x) {
    const float shifter = 12582912.0f;
    x = x < -87.0f ? -87.0f : x;
    x = x > 88.0f ? 88.0f : x;
    float shifted = x * 1.44269504f + shifter;
    float n = shifted - shifter;
    float r = x - n * 0.693359375f;
    r = r + n * 2.12194440e-4f;
    float p = 1.0f / 5040;
    p = p * r + 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    return p * from_bits((to_bits(shifted) - to_bits(shifter) + 127u) << 23);
}

static inline float sigmoid(float x) { return 1.0f / (1.0f + exp_of(-x)); }

/* tanh by the quotient of two polynomials (those of the Eigen library), right to a few units in the
 * last place near 0 too, where 2 σ(2x) - 1 would lose all digits. */
static inline float tanh_of(float x) {
    x = x < -7.905311f ? -7.905311f : x;
    x = x > 7.905311f ? 7.905311f : x;
    float s = x * x;
    float p = -2.76076847742355e-16f;
    p = p * s + 2.00018790482477e-13f;
    p = p * s + -8.60467152213735e-11f;
    p = p * s + 5.12229709037114e-08f;
    p = p * s + 1.48572235717979e-05f;
    p = p * s + 6.37261928875436e-04f;
    p = p * s + 4.89352455891786e-03f;
    float q = 1.19825839466702e-06f;
    q = q * s + 1.18534705686654e-04f;
    q = q * s + 2.26843463243900e-03f;
    q = q * s + 4.89352518554385e-03f;
    return x * p / q;
}

static inline int is_padding(const uint8_t *is_real, size row) {
    return is_real && !is_real[row];
}

static void pass_by(const narrow *grad_out, const narrow *product, float *carry, size hidden) {
    EACH(j, hidden)
        carry[j] += wide(grad_out[j]) + wide(product[j]);
}

void rnn_forward(size rows, size hidden, const uint8_t *is_real,
                 const narrow *x_part, size x_stride, const narrow *h_part, size h_part_stride,
                 const float *h_prev, size h_prev_stride, float *h_next, size h_next_stride,
                 narrow *h_narrow, size h_narrow_stride) {
    for (size row = 0; row < rows; row++) {
        const narrow *x = x_part + row * x_stride, *p = h_part + row * h_part_stride;
        const float *old = h_prev + row * h_prev_stride;
        float *new = h_next + row * h_next_stride;
        narrow *out = h_narrow + row * h_narrow_stride;
        int padding = is_padding(is_real, row);
        if (padding)
            memcpy(new, old, hidden * sizeof *new);
        else
            EACH(j, hidden)
                new[j] = tanh_of(wide(x[j]) + wide(p[j]));
        EACH(j, hidden)
            out[j] = narrowed(new[j]);
    }
}

void rnn_backward(size rows, size hidden, const uint8_t *is_real,
                  const narrow *grad_out, size grad_out_stride,
                  const narrow *product, size product_stride, float *carry, size carry_stride,
                  const float *h_next, size h_next_stride, narrow *gate_grads, size gate_stride) {
    for (size row = 0; row < rows; row++) {
        const narrow *o = grad_out + row * grad_out_stride, *p = product + row * product_stride;
        const float *h = h_next + row * h_next_stride;
        float *kept = carry + row * carry_stride;
        narrow *d = gate_grads + row * gate_stride;
        if (is_padding(is_real, row)) {
            pass_by(o, p, kept, hidden);
            memset(d, 0, hidden * sizeof *d);
            continue;
        }
        EACH(j, hidden) {
            float grad = kept[j] + wide(o[j]) + wide(p[j]);
            d[j] = narrowed(grad * (1.0f - h[j] * h[j]));
            kept[j] = 0.0f;
        }
    }
}

void lstm_forward(size rows, size hidden, const uint8_t *is_real,
                  const narrow *x_part, size x_stride, const narrow *h_part, size h_part_stride,
                  const narrow *h_prev, size h_prev_stride, const float *c_prev, size c_prev_stride,
                  float *gates, size gates_stride, float *tanh_c, size tanh_stride,
                  narrow *h_next, size h_next_stride, float *c_next, size c_next_stride) {
    for (size row = 0; row < rows; row++) {
        const narrow *x = x_part + row * x_stride, *p = h_part + row * h_part_stride;
        const float *old_c = c_prev + row * c_prev_stride;
        float *gate = gates + row * gates_stride, *t = tanh_c + row * tanh_stride;
        float *c = c_next + row * c_next_stride;
        narrow *h = h_next + row * h_next_stride;
        if (is_padding(is_real, row)) {
            memcpy(c, old_c, hidden * sizeof *c);
            memcpy(h, h_prev + row * h_prev_stride, hidden * sizeof *h);
            continue;
        }
        EACH(j, hidden) {
            size f_at = hidden + j, o_at = 2 * hidden + j, g_at = 3 * hidden + j;
            float i = sigmoid(wide(x[j]) + wide(p[j]));
            float f = sigmoid(wide(x[f_at]) + wide(p[f_at]));
            float o = sigmoid(wide(x[o_at]) + wide(p[o_at]));
            float g = tanh_of(wide(x[g_at]) + wide(p[g_at]));
            float new_c = f * old_c[j] + i * g, new_tanh = tanh_of(new_c);
            gate[j] = i;
            gate[f_at] = f;
            gate[o_at] = o;
            gate[g_at] = g;
            c[j] = new_c;
            t[j] = new_tanh;
            h[j] = narrowed(o * new_tanh);
        }
    }
}

void lstm_backward(size rows, size hidden, const uint8_t *is_real,
                   const narrow *grad_out, size grad_out_stride,
                   const narrow *product, size product_stride, float *carry, size carry_stride,
                   float *grad_c, size grad_c_stride, const float *gates, size gates_stride,
                   const float *tanh_c, size tanh_stride, const float *c_prev, size c_prev_stride,
                   narrow *gate_grads, size gate_stride) {
    for (size row = 0; row < rows; row++) {
        const narrow *out = grad_out + row * grad_out_stride, *p = product + row * product_stride;
        const float *gate = gates + row * gates_stride, *t = tanh_c + row * tanh_stride;
        const float *old_c = c_prev + row * c_prev_stride;
        float *kept = carry + row * carry_stride, *dc = grad_c + row * grad_c_stride;
        narrow *d = gate_grads + row * gate_stride;
        if (is_padding(is_real, row)) {
            pass_by(out, p, kept, hidden);
            memset(d, 0, 4 * hidden * sizeof *d);
            continue;
        }
        EACH(j, hidden) {
            size f_at = hidden + j, o_at = 2 * hidden + j, g_at = 3 * hidden + j;
            float i = gate[j], f = gate[f_at], o = gate[o_at], g = gate[g_at];
            float grad = kept[j] + wide(out[j]) + wide(p[j]);
            float grad_of_c = dc[j] + grad * o * (1.0f - t[j] * t[j]);
            d[j] = narrowed(grad_of_c * g * i * (1.0f - i));
            d[f_at] = narrowed(grad_of_c * old_c[j] * f * (1.0f - f));
            d[o_at] = narrowed(grad * t[j] * o * (1.0f - o));
            d[g_at] = narrowed(grad_of_c * i * (1.0f - g * g));
            dc[j] = grad_of_c * f;
            kept[j] = 0.0f;
        }
    }
}

void gru_gates_forward(size rows, size hidden, const uint8_t *is_real,
                       const narrow *x_part, size x_stride, const narrow *h_part, size h_part_stride,
                       const float *h_prev, size h_prev_stride, const float *mask, size mask_stride,
                       float *gates, size gates_stride, narrow *reset_h, size reset_stride) {
    (void)is_real;
    for (size row = 0; row < rows; row++) {
        const narrow *x = x_part + row * x_stride, *p = h_part + row * h_part_stride;
        const float *h = h_prev + row * h_prev_stride;
        const float *m = mask ? mask + row * mask_stride : 0;
        float *gate = gates + row * gates_stride;
        narrow *reset = reset_h + row * reset_stride;
        EACH(j, 2 * hidden)
            gate[j] = sigmoid(wide(x[j]) + wide(p[j]));
        if (m)
            EACH(j, hidden)
                reset[j] = narrowed(gate[j] * h[j] * m[j]);
        else
            EACH(j, hidden)
                reset[j] = narrowed(gate[j] * h[j]);
    }
}

void gru_new_forward(size rows, size hidden, const uint8_t *is_real,
                     const narrow *x_part, size x_stride, const narrow *h_part, size h_part_stride,
                     const float *h_prev, size h_prev_stride, float *gates, size gates_stride,
                     float *h_next, size h_next_stride, narrow *h_narrow, size h_narrow_stride) {
    for (size row = 0; row < rows; row++) {
        const narrow *x = x_part + row * x_stride + 2 * hidden, *p = h_part + row * h_part_stride;
        const float *old = h_prev + row * h_prev_stride;
        float *gate = gates + row * gates_stride, *z = gate + hidden, *n = gate + 2 * hidden;
        float *new = h_next + row * h_next_stride;
        narrow *out = h_narrow + row * h_narrow_stride;
        if (is_padding(is_real, row))
            memcpy(new, old, hidden * sizeof *new);
        else
            EACH(j, hidden) {
                float value = tanh_of(wide(x[j]) + wide(p[j]));
                n[j] = value;
                new[j] = old[j] + z[j] * (value - old[j]);
            }
        EACH(j, hidden)
            out[j] = narrowed(new[j]);
    }
}

void gru_new_backward(size rows, size hidden, const uint8_t *is_real,
                      const narrow *grad_out, size grad_out_stride,
                      const narrow *product, size product_stride, float *carry, size carry_stride,
                      const float *h_prev, size h_prev_stride, const float *gates, size gates_stride,
                      narrow *gate_grads, size gate_stride) {
    for (size row = 0; row < rows; row++) {
        const narrow *o = grad_out + row * grad_out_stride, *p = product + row * product_stride;
        const float *gate = gates + row * gates_stride, *z = gate + hidden, *n = gate + 2 * hidden;
        const float *h = h_prev + row * h_prev_stride;
        float *kept = carry + row * carry_stride;
        narrow *d = gate_grads + row * gate_stride, *d_z = d + hidden, *d_n = d + 2 * hidden;
        if (is_padding(is_real, row)) {
            pass_by(o, p, kept, hidden);
            memset(d_z, 0, 2 * hidden * sizeof *d);
            continue;
        }
        EACH(j, hidden) {
            float grad = kept[j] + wide(o[j]) + wide(p[j]);
            d_z[j] = narrowed(grad * (n[j] - h[j]) * z[j] * (1.0f - z[j]));
            d_n[j] = narrowed(grad * z[j] * (1.0f - n[j] * n[j]));
            kept[j] = grad * (1.0f - z[j]);
        }
    }
}

void gru_gates_backward(size rows, size hidden, const uint8_t *is_real,
                        const narrow *product, size product_stride, float *carry, size carry_stride,
                        const float *h_prev, size h_prev_stride, const float *mask, size mask_stride,
                        const float *gates, size gates_stride, narrow *gate_grads, size gate_stride) {
    for (size row = 0; row < rows; row++) {
        const narrow *p = product + row * product_stride;
        const float *r = gates + row * gates_stride, *h = h_prev + row * h_prev_stride;
        const float *m = mask ? mask + row * mask_stride : 0;
        float *kept = carry + row * carry_stride;
        narrow *d_r = gate_grads + row * gate_stride;
        if (is_padding(is_real, row)) {
            memset(d_r, 0, hidden * sizeof *d_r);
            continue;
        }
        if (m)
            EACH(j, hidden) {
                float grad = wide(p[j]) * m[j];
                d_r[j] = narrowed(grad * h[j] * r[j] * (1.0f - r[j]));
                kept[j] += grad * r[j];
            }
        else
            EACH(j, hidden) {
                float grad = wide(p[j]);
                d_r[j] = narrowed(grad * h[j] * r[j] * (1.0f - r[j]));
                kept[j] += grad * r[j];
            }
    }
}

void gru_cudnn_forward(size rows, size hidden, const uint8_t *is_real,
                       const narrow *x_part, size x_stride, const narrow *h_part, size h_part_stride,
                       const narrow *bias, size bias_stride,
                       const float *h_prev, size h_prev_stride,
                       float *gates, size gates_stride, float *h_new, size h_new_stride,
                       float *h_next, size h_next_stride, narrow *h_narrow, size h_narrow_stride) {
    (void)bias_stride;
    for (size row = 0; row < rows; row++) {
        const narrow *x = x_part + row * x_stride, *p = h_part + row * h_part_stride;
        const float *old = h_prev + row * h_prev_stride;
        float *gate = gates + row * gates_stride, *u = h_new + row * h_new_stride;
        float *new = h_next + row * h_next_stride;
        narrow *out = h_narrow + row * h_narrow_stride;
        if (is_padding(is_real, row))
            memcpy(new, old, hidden * sizeof *new);
        else
            EACH(j, hidden) {
                size z_at = hidden + j, n_at = 2 * hidden + j;
                float r = sigmoid(wide(x[j]) + wide(p[j]));
                float z = sigmoid(wide(x[z_at]) + wide(p[z_at]));
                float from_h = wide(p[n_at]) + wide(bias[j]);
                float n = tanh_of(wide(x[n_at]) + r * from_h);
                gate[j] = r;
                gate[z_at] = z;
                gate[n_at] = n;
                u[j] = from_h;
                new[j] = n + z * (old[j] - n);
            }
        EACH(j, hidden)
            out[j] = narrowed(new[j]);
    }
}

void gru_cudnn_backward(size rows, size hidden, const uint8_t *is_real,
                        const narrow *grad_out, size grad_out_stride,
                        const narrow *product, size product_stride, float *carry, size carry_stride,
                        const float *h_prev, size h_prev_stride,
                        const float *gates, size gates_stride, const float *h_new, size h_new_stride,
                        narrow *gate_grads, size gate_stride,
                        narrow *h_part_grads, size h_part_stride) {
    for (size row = 0; row < rows; row++) {
        const narrow *o = grad_out + row * grad_out_stride, *p = product + row * product_stride;
        const float *gate = gates + row * gates_stride, *u = h_new + row * h_new_stride;
        const float *h = h_prev + row * h_prev_stride;
        float *kept = carry + row * carry_stride;
        narrow *d = gate_grads + row * gate_stride, *d_h = h_part_grads + row * h_part_stride;
        if (is_padding(is_real, row)) {
            pass_by(o, p, kept, hidden);
            memset(d, 0, 3 * hidden * sizeof *d);
            memset(d_h, 0, 3 * hidden * sizeof *d_h);
            continue;
        }
        EACH(j, hidden) {
            size z_at = hidden + j, n_at = 2 * hidden + j;
            float r = gate[j], z = gate[z_at], n = gate[n_at];
            float grad = kept[j] + wide(o[j]) + wide(p[j]);
            float d_n = grad * (1.0f - z) * (1.0f - n * n);
            d[j] = d_h[j] = narrowed(d_n * u[j] * r * (1.0f - r));
            d[z_at] = d_h[z_at] = narrowed(grad * (h[j] - n) * z * (1.0f - z));
            d[n_at] = narrowed(d_n);
            d_h[n_at] = narrowed(d_n * r);
            kept[j] = grad * z;
        }
    }
}

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
