import { z } from 'zod'

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/** A length of time as people write it (`250ms`, `60s`, `15m`, `8h`, `90d`), read into milliseconds. */
export function duration(bounds: { readonly minMs: number; readonly maxMs: number }): Duration {
  return z
    .string()
    .regex(/^\d{1,9}(?:ms|s|m|h|d)$/, 'write a time such as `60s`, `15m` or `8h`')
    .transform(durationMs)
    .refine((ms) => ms >= bounds.minMs && ms <= bounds.maxMs, {
      abort: true,
      message: `The time has to be between ${durationText(bounds.minMs)} and ${durationText(bounds.maxMs)}.`,
    })
}

type Duration = z.ZodPipe<z.ZodString, z.ZodTransform<number, string>>

function durationMs(text: string): number {
  const [, count = '', unit = ''] = /^(\d+)([a-z]+)$/.exec(text) ?? []
  return Number(count) * (unitMs[unit] ?? Number.NaN)
}

/** The shortest such text, e.g. `15m` for 900000. */
export function durationText(ms: number): string {
  const [unit, size] = Object.entries(unitMs).findLast(
    ([, one]) => ms >= one && ms % one === 0,
  ) ?? ['ms', 1]
  return `${ms / size}${unit}`
}
