/* The kernels that other kernels call; kernels.py and the sources say what their arguments mean. */
#ifndef SEQCLI_STEPS_H
#define SEQCLI_STEPS_H
#include "common.h"

void as_bytes(size rows, size width, const uint8_t *is_real,
              const narrow *x, size x_stride, uint8_t *whole, size whole_stride);
void rnn_forward(size rows, size hidden, const uint8_t *is_real,
                 const narrow *x_part, size x_stride, const narrow *h_part, size h_part_stride,
                 const float *h_prev, size h_prev_stride, float *h_next, size h_next_stride,
                 narrow *h_narrow, size h_narrow_stride);
void lstm_forward(size rows, size hidden, const uint8_t *is_real,
                  const narrow *x_part, size x_stride, const narrow *h_part, size h_part_stride,
                  const narrow *h_prev, size h_prev_stride, const float *c_prev, size c_prev_stride,
                  float *gates, size gates_stride, float *tanh_c, size tanh_stride,
                  narrow *h_next, size h_next_stride, float *c_next, size c_next_stride);
void gru_gates_forward(size rows, size hidden, const uint8_t *is_real,
                       const narrow *x_part, size x_stride, const narrow *h_part, size h_part_stride,
                       const float *h_prev, size h_prev_stride, const float *mask, size mask_stride,
                       float *gates, size gates_stride, narrow *reset_h, size reset_stride);
void gru_new_forward(size rows, size hidden, const uint8_t *is_real,
                     const narrow *x_part, size x_stride, const narrow *h_part, size h_part_stride,
                     const float *h_prev, size h_prev_stride, float *gates, size gates_stride,
                     float *h_next, size h_next_stride, narrow *h_narrow, size h_narrow_stride);
void gru_cudnn_forward(size rows, size hidden, const uint8_t *is_real,
                       const narrow *x_part, size x_stride, const narrow *h_part, size h_part_stride,
                       const narrow *bias, size bias_stride,
                       const float *h_prev, size h_prev_stride,
                       float *gates, size gates_stride, float *h_new, size h_new_stride,
                       float *h_next, size h_next_stride, narrow *h_narrow, size h_narrow_stride);

#endif
