/* Latency of the run under way: buckets of 0.5 us up to 50 ms, of 50 us up to 5 s, and the last one for all beyond. */
#ifndef LOAD_LATENCY_H
#define LOAD_LATENCY_H

#include "measure.h"

#define FINE_BUCKETS 100000
#define BUCKETS 200000

static uint64_t histogram[BUCKETS];
static uint64_t histogram_count;
static uint64_t latency_max_ns;

static void record_latency(uint64_t ns) {
  uint64_t bucket = ns / 500;
  if (bucket >= FINE_BUCKETS) bucket = FINE_BUCKETS + (bucket - FINE_BUCKETS) / 100;
  if (bucket >= BUCKETS) bucket = BUCKETS - 1;
  histogram[bucket]++;
  histogram_count++;
  if (ns > latency_max_ns) latency_max_ns = ns;
}

static double latency_us(double quantile) {
  uint64_t wanted = (uint64_t)(histogram_count * quantile), seen = 0;
  for (int i = 0; i < BUCKETS; i++) {
    seen += histogram[i];
    if (seen > wanted) return i < FINE_BUCKETS ? i * 0.5 : FINE_BUCKETS * 0.5 + (i - FINE_BUCKETS) * 50.0;
  }
  return 0;
}

#endif
