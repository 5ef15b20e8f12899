/* The element-wise parts of steps.py for one step of one direction, each in one pass over memory.
 * Names, order of arguments and equations are those of steps.py, which says what they mean. */
#include "common.h"

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
