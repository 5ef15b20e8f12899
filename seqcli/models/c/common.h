/* What all kernels share: the type of the products, loops, and functions of one number.
 *
 * Compiled by compiling.py, once for each type of the products: NARROW_IS_BF16 or float. Every
 * function takes rows, hidden (the width), is_real, then every matrix with its row stride, in
 * elements, behind it; units of a row are side by side.
 */
#ifndef SEQCLI_COMMON_H
#define SEQCLI_COMMON_H
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

#endif
