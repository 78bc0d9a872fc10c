import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What the disk under the store costs: durable one-page appends, in order. Milliseconds. */
export function fsyncMs(): { readonly p50: number; readonly p99: number } {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-fsync-'))
  const file = openSync(join(folder, 'file'), 'w')
  const page = Buffer.alloc(4096)
  const times = Array.from({ length: 300 }, () => {
    const started = performance.now()
    writeSync(file, page)
    fdatasyncSync(file)
    return performance.now() - started
  }).sort((a, b) => a - b)
  closeSync(file)
  rmSync(folder, { recursive: true })
  return { p50: times[150] ?? 0, p99: times[297] ?? 0 }
}
