/**
 * Loaded before a gateway (`--import`), in each of its threads: its wall clock is off by `CLOCK_OFF_MS`
 * milliseconds, and from then on by as many as its parent says. The steady clock runs on.
 */
import { isMainThread } from 'node:worker_threads'

const wall = Date.now
let offMs = Number(process.env.CLOCK_OFF_MS ?? 0)
const now = () => wall() + offMs

Date.now = now
globalThis.Date = new Proxy(Date, {
  construct: (target, given, made) =>
    Reflect.construct(target, given.length === 0 ? [now()] : given, made),
})

const threads = new BroadcastChannel('set-clock')
threads.onmessage = ({ data }) => {
  offMs = Number(data)
}
threads.unref()

if (isMainThread && process.channel) {
  process.on('message', (message: { readonly clockOffMs: number }) => {
    offMs = message.clockOffMs
    threads.postMessage(offMs)
    process.send?.(message)
  })
  process.channel.unref()
}
