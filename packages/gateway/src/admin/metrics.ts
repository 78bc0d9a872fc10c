/** What the gateway counts about itself. Identity is never a label. */
export type Metrics = {
  /** `ending` is `done`, `aborted` or the refusal's code; `durationMs` from accept to the end of the reply. */
  readonly callEnded: (call: { readonly ending: string; readonly durationMs: number }) => void
  readonly refused: (code: string) => void
  /** +1 when a call starts to wait for people, -1 when it no longer does. */
  readonly held: (change: 1 | -1) => void
  /** The Prometheus text exposition, version 0.0.4. */
  readonly text: (stored: {
    readonly records: number
    readonly approvalsPending: number
    readonly notices: { readonly waiting: number; readonly givenUp: number }
  }) => string
}

/** How far a witness has come. */
export type WitnessGauge = {
  readonly name: string
  readonly size: number
  /** Unix milliseconds. */
  readonly cosignedAt: number | undefined
  readonly trouble: string | undefined
}

/** What a channel by which people are told did since the start. */
export type ChannelGauge = {
  readonly name: string
  readonly kind: 'webhook' | 'slack' | 'email'
  readonly sent: number
  readonly failed: number
  readonly givenUp: number
  /** Why the newest attempt failed; undefined after one that did not. */
  readonly trouble: string | undefined
}

/** How publishing of the log goes. */
export type LogGauge = {
  /** Records under the newest published checkpoint. */
  readonly size: number
  /** Attempts to publish that failed since the start. */
  readonly failures: number
  readonly trouble: boolean
}

/** In memory, from zero at every start, as Prometheus expects of a counter. */
export function openMetrics(facts: {
  readonly version: string
  readonly witnesses?: () => readonly WitnessGauge[]
  /** Records under a checkpoint that the quorum has cosigned. */
  readonly witnessedRecords?: () => number
  readonly log?: () => LogGauge
  readonly channels?: () => readonly ChannelGauge[]
}): Metrics {
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
    text: ({ records, approvalsPending, notices }) =>
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
        ...noticeFamilies(notices, facts.channels?.() ?? []),
        ...logFamilies(facts.log?.()),
        ...witnessFamilies(facts.witnesses?.() ?? [], facts.witnessedRecords?.() ?? 0),
        ...family('sallyport_call_duration_seconds', 'histogram', 'From accept to end of reply.', [
          ...bucketsMs.map((ms, at): Sample => [`_bucket{le="${ms / 1000}"}`, buckets[at] ?? 0]),
          ['_bucket{le="+Inf"}', sums.count],
          ['_sum', sums.durationMs / 1000],
          ['_count', sums.count],
        ]),
      ].join('\n')}\n`,
  }
}

function noticeFamilies(
  { waiting, givenUp }: { readonly waiting: number; readonly givenUp: number },
  channels: readonly ChannelGauge[],
): readonly string[] {
  if (channels.length === 0 && waiting === 0 && givenUp === 0) return []
  const each = (value: (channel: ChannelGauge) => number) =>
    channels.map((one): Sample => [`{channel="${label(one.name)}"}`, value(one)])
  return [
    ...family('sallyport_notices_waiting', 'gauge', 'What people have to be told yet.', [
      ['', waiting],
    ]),
    ...family('sallyport_notices_given_up', 'gauge', 'What people were not told.', [['', givenUp]]),
    ...family('sallyport_notices_sent_total', 'counter', 'Messages sent, by channel.', [
      ...each(({ sent }) => sent),
    ]),
    ...family('sallyport_notices_failed_total', 'counter', 'Failed attempts, by channel.', [
      ...each(({ failed }) => failed),
    ]),
    ...family('sallyport_channel_trouble', 'gauge', 'Whether its newest attempt failed.', [
      ...each(({ trouble }) => (trouble === undefined ? 0 : 1)),
    ]),
  ]
}

function logFamilies(log: LogGauge | undefined): readonly string[] {
  if (!log) return []
  const { size, failures, trouble } = log
  return [
    ...family('sallyport_log_published', 'gauge', 'Records under the published checkpoint.', [
      ['', size],
    ]),
    ...family('sallyport_log_publish_failures_total', 'counter', 'Failed attempts to publish.', [
      ['', failures],
    ]),
    ...family('sallyport_log_trouble', 'gauge', 'Whether the log cannot be written or published.', [
      ['', trouble ? 1 : 0],
    ]),
  ]
}

function witnessFamilies(
  witnesses: readonly WitnessGauge[],
  witnessedRecords: number,
): readonly string[] {
  if (witnesses.length === 0) return []
  const each = (value: (witness: WitnessGauge) => number) =>
    witnesses.map((one): Sample => [`{witness="${label(one.name)}"}`, value(one)])
  return [
    ...family('sallyport_records_witnessed', 'gauge', 'Records the quorum has cosigned.', [
      ['', witnessedRecords],
    ]),
    ...family('sallyport_witness_size', 'gauge', 'Records the witness has cosigned.', [
      ...each(({ size }) => size),
    ]),
    ...family(
      'sallyport_witness_cosigned_timestamp_seconds',
      'gauge',
      'When it last cosigned; 0: not since the start.',
      [...each(({ cosignedAt }) => (cosignedAt ?? 0) / 1000)],
    ),
    ...family('sallyport_witness_trouble', 'gauge', 'Why it does not cosign now.', [
      ...witnesses.map(({ name, trouble }): Sample => {
        const reason = label(trouble ?? 'none')
        return [`{witness="${label(name)}",reason="${reason}"}`, trouble === undefined ? 0 : 1]
      }),
    ]),
  ]
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
