/* A recurrent layer over a whole sequence in one call, its products in whole numbers. */
#include "common.h"
#include "steps.h"

enum { LANES = 16, BLOCK = 64, QUAD = 4, TILE = 4 };
enum cell { RNN, LSTM, GRU, GRU_CUDNN };

#ifdef __AVX512VNNI__
#include <immintrin.h>

/* A product of bytes: weights as fixed_products.py packs them, (out / 64, in / 4, 64, 4); zeros:
 * what the sums begin with, so that 128 counts as 0; scales: of each sum. */
struct packed {
    const int8_t *weights;
    const int32_t *zeros;
    const float *scales;
    size in, out;
};

/* _mm512_dpbusd_epi32, which GCC 12 surrounds with copies of all sums to the stack and back. */
#define ADD_PRODUCTS(sums, inputs, columns)                                                        \
    __asm__("vpdpbusd %2, %1, %0" : "+v"(sums) : "v"(inputs), "v"(columns))

/* Sums of one row, 16 columns each: variables by name, as an array would not stay in registers. */
#define BEGIN_ROW(row) __m512i row##_0 = zeros_0, row##_1 = zeros_1, row##_2 = zeros_2, row##_3 = zeros_3
#define ADD_TO_ROW(row)                                                                            \
    do {                                                                                           \
        int32_t four;                                                                              \
        memcpy(&four, row##_x + k, sizeof four);                                                   \
        __m512i inputs = _mm512_set1_epi32(four);                                                  \
        ADD_PRODUCTS(row##_0, inputs, columns_0);                                                  \
        ADD_PRODUCTS(row##_1, inputs, columns_1);                                                  \
        ADD_PRODUCTS(row##_2, inputs, columns_2);                                                  \
        ADD_PRODUCTS(row##_3, inputs, columns_3);                                                  \
    } while (0)
#define END_ROW(row, number)                                                                       \
    do {                                                                                           \
        write_sums(row##_0, p->scales + first, scaled);                                            \
        write_sums(row##_1, p->scales + first + LANES, scaled + LANES);                            \
        write_sums(row##_2, p->scales + first + 2 * LANES, scaled + 2 * LANES);                    \
        write_sums(row##_3, p->scales + first + 3 * LANES, scaled + 3 * LANES);                    \
        narrow *out = y + (number)*y_stride + first;                                               \
        EACH(j, width)                                                                             \
            out[j] = narrowed(scaled[j]);                                                          \
    } while (0)

static inline void write_sums(__m512i sums, const float *scales, float *scaled) {
    _mm512_storeu_ps(scaled, _mm512_mul_ps(_mm512_cvtepi32_ps(sums), _mm512_loadu_ps(scales)));
}

/* Four rows of x times the 64 columns from first on; near the end some rows are the last one. */
static inline void multiply_tile(const struct packed *p, size first, size row, size rows,
                                 const uint8_t *x, size x_stride, narrow *y, size y_stride) {
    size last = rows - 1, width = p->out - first < BLOCK ? p->out - first : BLOCK;
    size b = row + 1 < last ? row + 1 : last, c = row + 2 < last ? row + 2 : last;
    size d = row + 3 < last ? row + 3 : last;
    const uint8_t *a_x = x + row * x_stride, *b_x = x + b * x_stride;
    const uint8_t *c_x = x + c * x_stride, *d_x = x + d * x_stride;
    const int8_t *w = p->weights + first * p->in;
    __m512i zeros_0 = _mm512_loadu_si512(p->zeros + first);
    __m512i zeros_1 = _mm512_loadu_si512(p->zeros + first + LANES);
    __m512i zeros_2 = _mm512_loadu_si512(p->zeros + first + 2 * LANES);
    __m512i zeros_3 = _mm512_loadu_si512(p->zeros + first + 3 * LANES);
    BEGIN_ROW(a);
    BEGIN_ROW(b);
    BEGIN_ROW(c);
    BEGIN_ROW(d);
    for (size k = 0; k < p->in; k += QUAD, w += BLOCK * QUAD) {
        __m512i columns_0 = _mm512_loadu_si512(w);
        __m512i columns_1 = _mm512_loadu_si512(w + LANES * QUAD);
        __m512i columns_2 = _mm512_loadu_si512(w + 2 * LANES * QUAD);
        __m512i columns_3 = _mm512_loadu_si512(w + 3 * LANES * QUAD);
        ADD_TO_ROW(a);
        ADD_TO_ROW(b);
        ADD_TO_ROW(c);
        ADD_TO_ROW(d);
    }
    float scaled[BLOCK];
    END_ROW(a, row);
    END_ROW(b, b);
    END_ROW(c, c);
    END_ROW(d, d);
}

static void multiply(const struct packed *p, size rows, const uint8_t *x, size x_stride,
                     narrow *y, size y_stride) {
    for (size first = 0; first < p->out; first += BLOCK)
        for (size row = 0; row < rows; row += TILE)
            multiply_tile(p, first, row, rows, x, x_stride, y, y_stride);
}

int64_t can_run_layers(void) { return 1; }

/* All steps of a layer, forwards or backwards; h, c and h_narrow are its state before and after.
 * x_part, outputs: (steps, rows, ...), rows evenly apart; is_real: (steps, rows), or null.
 * shape: steps, cell, whether backwards. wide_room: rows of (gates + 3) * hidden; narrow_room: of
 * (gates + 1) * hidden; bytes: of hidden, up to a multiple of 4. */
void run_layer(size rows, size hidden, const uint8_t *none,
               float *h, size h_stride, float *c, size c_stride,
               narrow *h_narrow, size h_narrow_stride, const narrow *x_part, size x_step,
               const uint8_t *is_real, size real_step, narrow *outputs, size out_step,
               const int8_t *first, size first_stride, const int32_t *first_zeros, size zeros_1,
               const float *first_scales, size scales_1, const int8_t *second, size second_stride,
               const int32_t *second_zeros, size zeros_2, const float *second_scales, size scales_2,
               const narrow *bias, size bias_stride, const int64_t *shape, size shape_stride,
               float *wide_room, size wide_width, narrow *narrow_room, size narrow_width,
               uint8_t *bytes, size bytes_stride) {
    (void)none, (void)first_stride, (void)zeros_1, (void)scales_1, (void)second_stride;
    (void)zeros_2, (void)scales_2, (void)bias_stride, (void)shape_stride, (void)c_stride;
    size steps = shape[0], gate_width = narrow_width - hidden;
    int cell = (int)shape[1], backwards = (int)shape[2];
    size x_stride = x_step / rows, out_stride = out_step / rows;
    size in = (hidden + QUAD - 1) / QUAD * QUAD; /* weights for what is beyond hidden are 0 */
    struct packed main_part = {first, first_zeros, first_scales, in,
                               cell == GRU ? 2 * hidden : gate_width};
    struct packed new_part = {second, second_zeros, second_scales, in, hidden};
    float *gates = wide_room, *next_h = gates + rows * gate_width, *spare = next_h + rows * hidden;
    float *other = spare + rows * hidden, *old_h = h, *old_c = c;
    narrow *h_part = narrow_room, *reset = h_part + rows * gate_width;
    (void)wide_width;
    for (size step = 0; step < steps; step++) {
        size time = backwards ? steps - 1 - step : step;
        const narrow *x = x_part + time * x_step;
        const uint8_t *real = is_real ? is_real + time * real_step : 0;
        as_bytes(rows, hidden, 0, h_narrow, h_narrow_stride, bytes, bytes_stride);
        multiply(&main_part, rows, bytes, bytes_stride, h_part, main_part.out);
        if (cell == RNN)
            rnn_forward(rows, hidden, real, x, x_stride, h_part, gate_width, old_h, hidden, next_h,
                        hidden, h_narrow, h_narrow_stride);
        else if (cell == LSTM)
            lstm_forward(rows, hidden, real, x, x_stride, h_part, gate_width, h_narrow,
                         h_narrow_stride, old_c, hidden, gates, gate_width, other, hidden, reset,
                         hidden, spare, hidden);
        else if (cell == GRU_CUDNN)
            gru_cudnn_forward(rows, hidden, real, x, x_stride, h_part, gate_width, bias, 0, old_h,
                              hidden, gates, gate_width, other, hidden, next_h, hidden, h_narrow,
                              h_narrow_stride);
        else {
            gru_gates_forward(rows, hidden, real, x, x_stride, h_part, main_part.out, old_h, hidden,
                              0, 0, gates, gate_width, reset, hidden);
            as_bytes(rows, hidden, 0, reset, hidden, bytes, bytes_stride);
            multiply(&new_part, rows, bytes, bytes_stride, h_part, hidden);
            gru_new_forward(rows, hidden, real, x, x_stride, h_part, hidden, old_h, hidden, gates,
                            gate_width, next_h, hidden, h_narrow, h_narrow_stride);
        }
        if (cell == LSTM) {
            float *swapped = old_c;
            old_c = spare, spare = swapped;
            for (size row = 0; row < rows; row++)
                memcpy(h_narrow + row * h_narrow_stride, reset + row * hidden,
                       hidden * sizeof *reset);
        } else {
            float *swapped = old_h;
            old_h = next_h, next_h = swapped;
        }
        if (outputs)
            for (size row = 0; row < rows; row++)
                memcpy(outputs + time * out_step + row * out_stride,
                       h_narrow + row * h_narrow_stride, hidden * sizeof *h_narrow);
    }
    if (cell == LSTM) {
        if (old_c != c)
            memcpy(c, old_c, rows * hidden * sizeof *c);
        for (size row = 0; row < rows; row++)
            EACH(j, hidden)
                h[row * h_stride + j] = wide(h_narrow[row * h_narrow_stride + j]);
    } else if (old_h != h)
        memcpy(h, old_h, rows * hidden * sizeof *h);
}
#else
int64_t can_run_layers(void) { return 0; }
#endif
