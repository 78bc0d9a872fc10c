import type { Scene, Watch } from './watch.ts'

/**
 * Commitments to a stream cover it from its start, so each covers at least what the one before it does, and the
 * outcome all of them: what was released once is not taken back.
 */
export function watchStreams({ report }: Scene): Watch {
  /** Bytes committed to so far, of the calls that are streamed. */
  const open = new Map<string, number>()
  return {
    see: ({ index, record }) => {
      switch (record.type) {
        case 'call.chunk':
        case 'call.outcome': {
          const before = open.get(record.call) ?? 0
          const bytes = (record.returned ?? record.result)?.len ?? 0
          if (bytes < before) report.find('stream-shrunk', { record: index })
          if (record.type === 'call.chunk') open.set(record.call, Math.max(before, bytes))
          else open.delete(record.call)
          return
        }
        case 'reconcile.indeterminate':
          open.delete(record.call)
          return
        default:
      }
    },
  }
}
