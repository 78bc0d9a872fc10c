/** What the gateway counts about itself. Identity is never a label. */
export type Metrics = {
  /** `ending` is `done`, `aborted` or the refusal's code; `durationMs` from accept to the end of the reply. */
  readonly callEnded: (call: { readonly ending: string; readonly durationMs: number }) => void
  readonly refused: (code: string) => void
  /** +1 when a call starts to wait for people, -1 when it no longer does. */
  readonly held: (change: 1 | -1) => void
  /** The Prometheus text exposition, version 0.0.4. */
  readonly text: (stored: { readonly records: number; readonly approvalsPending: number }) => string
}

/** In memory, from zero at every start, as Prometheus expects of a counter. */
export function openMetrics(facts: { readonly version: string }): Metrics {
  const calls = new Map<string, number>()
  const refusals = new Map<string, number>()
  const buckets = bucketsMs.map(() => 0)
  const sums = { held: 0, count: 0, durationMs: 0 }
  return {
    callEnded: ({ ending, durationMs }) => {
      count(calls, ending)
      bucketsMs.forEach((upTo, at) => {
        if (durationMs <= upTo) buckets[at] = (buckets[at] ?? 0) + 1
      })
      sums.count += 1
      sums.durationMs += durationMs
    },
    refused: (code) => count(refusals, code),
    held: (change) => {
      sums.held += change
    },
    text: ({ records, approvalsPending }) =>
      `${[
        ...family('sallyport_build_info', 'gauge', 'The version that runs.', [
          [`{version="${label(facts.version)}"}`, 1],
        ]),
        ...family('sallyport_calls_total', 'counter', 'Calls that ended, by ending.', [
          ...[...calls].map(([ending, n]): Sample => [`{ending="${label(ending)}"}`, n]),
        ]),
        ...family('sallyport_refusals_total', 'counter', 'Refusals, by code.', [
          ...[...refusals].map(([code, n]): Sample => [`{code="${label(code)}"}`, n]),
        ]),
        ...family('sallyport_records', 'gauge', 'Records in the log.', [['', records]]),
        ...family('sallyport_calls_held', 'gauge', 'Calls that wait for people now.', [
          ['', sums.held],
        ]),
        ...family('sallyport_approvals_pending', 'gauge', 'Questions that wait for people.', [
          ['', approvalsPending],
        ]),
        ...family('sallyport_call_duration_seconds', 'histogram', 'From accept to end of reply.', [
          ...bucketsMs.map((ms, at): Sample => [`_bucket{le="${ms / 1000}"}`, buckets[at] ?? 0]),
          ['_bucket{le="+Inf"}', sums.count],
          ['_sum', sums.durationMs / 1000],
          ['_count', sums.count],
        ]),
      ].join('\n')}\n`,
  }
}

type Sample = readonly [suffix: string, value: number]

function family(
  name: string,
  type: 'counter' | 'gauge' | 'histogram',
  help: string,
  samples: readonly Sample[],
): readonly string[] {
  return [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} ${type}`,
    ...samples.map(([suffix, value]) => `${name}${suffix} ${value}`),
  ]
}

function count(counters: Map<string, number>, key: string): void {
  // Endings and codes are a closed list; the bound keeps a mistake elsewhere from growing without end.
  const known = counters.has(key) || counters.size < labelsMax ? key : 'other'
  counters.set(known, (counters.get(known) ?? 0) + 1)
}

function label(text: string): string {
  return text.replace(/[\\"\n]/g, (found) => (found === '\n' ? '\\n' : `\\${found}`))
}

const labelsMax = 64
/** From a cached decision to a call that was held for minutes. */
const bucketsMs = [1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 60_000, 600_000]
