/**
 * The load generator: a fixed number of callers, each sending its next request when the last is
 * answered, over keep-alive connections of its own. Speaks HTTP/1.1 on raw sockets, so that it costs
 * little beside what it measures. Runs as a child process: `load.ts <JSON options>`; prints one JSON line.
 */
import { connect } from 'node:net'

type Options = {
  readonly port: number
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly callers: number
  readonly requests: number
  readonly warmup: number
}

export type LoadResult = {
  readonly requests: number
  readonly failed: number
  readonly seconds: number
  readonly p50Ms: number
  readonly p99Ms: number
}

const options: Options = JSON.parse(process.argv[2] ?? '{}')
await run(options, options.warmup)
process.stdout.write(`${JSON.stringify(await run(options, options.requests))}\n`)

async function run(given: Options, requests: number): Promise<LoadResult> {
  const latencies = new Float64Array(requests)
  const state = { sent: 0, done: 0, failed: 0 }
  const wire = requestBytes(given)
  const started = performance.now()
  await Promise.all(
    Array.from({ length: given.callers }, () => caller(given.port, wire, { latencies, state })),
  )
  const seconds = (performance.now() - started) / 1000
  latencies.sort()
  const at = (share: number) => latencies[Math.min(requests - 1, Math.floor(requests * share))] ?? 0
  return { requests, failed: state.failed, seconds, p50Ms: at(0.5), p99Ms: at(0.99) }
}

function requestBytes({ method, path, headers, body, port }: Options): Buffer {
  const lines = [`${method} ${path} HTTP/1.1`, `host: 127.0.0.1:${port}`]
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`)
  if (body !== '') lines.push('content-type: application/json')
  if (body !== '') lines.push(`content-length: ${Buffer.byteLength(body)}`)
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`)
}

type Tally = {
  readonly latencies: Float64Array
  readonly state: { sent: number; done: number; failed: number }
}

function caller(port: number, wire: Buffer, { latencies, state }: Tally): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    let started = 0
    let held: Buffer = Buffer.alloc(0)
    const send = () => {
      if (state.sent >= latencies.length) {
        socket.end()
        resolve()
        return
      }
      state.sent++
      started = performance.now()
      socket.write(wire)
    }
    socket.on('connect', send)
    socket.on('error', reject)
    socket.on('data', (chunk: Buffer) => {
      held = held.length === 0 ? chunk : Buffer.concat([held, chunk])
      const answer = wholeAnswer(held)
      if (!answer) return
      latencies[state.done++] = performance.now() - started
      if (answer.status !== 200) state.failed++
      held = Buffer.alloc(0)
      send()
    })
  })
}

/** The status once head and body are complete: by length, or by the last chunk. */
function wholeAnswer(bytes: Buffer): { readonly status: number } | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n')
  if (headEnd < 0) return undefined
  const head = bytes.toString('latin1', 0, headEnd).toLowerCase()
  const length = /\r\ncontent-length: *(\d+)/.exec(head)?.[1]
  const whole = length
    ? bytes.length >= headEnd + 4 + Number(length)
    : bytes.toString('latin1', bytes.length - 5) === '0\r\n\r\n'
  return whole ? { status: Number(head.slice(9, 12)) } : undefined
}
