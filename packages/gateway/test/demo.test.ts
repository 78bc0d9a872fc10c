import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'

const bin = join(import.meta.dirname, '../bin/sallyport.js')

/** The demo as anybody runs it, in an environment that says nothing about how to print. */
function runDemo(...more: readonly string[]): Promise<{ code: number | null; text: string }> {
  const { NO_COLOR: _no, FORCE_COLOR: _force, ...env } = process.env
  const args = [bin, 'demo', '--ci', '--speed', '0', ...more]
  // A demo that hangs fails; no machine is so slow that a sound one takes this long.
  const bounds = { timeout: 120_000, killSignal: 'SIGKILL' } as const
  const child = spawn(process.execPath, args, { env, ...bounds })
  let text = ''
  const listen = (piece: Buffer) => {
    text += piece.toString()
  }
  child.stdout.on('data', listen)
  child.stderr.on('data', listen)
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, text })))
}

test('the demo shows each of its outcomes and nothing it hides', async () => {
  const { code, text } = await runDemo()
  assert.equal(code, 0, text)
  for (const outcome of ['masked', 'allowed', 'blocked', 'refused', 'held', 'released']) {
    assert.match(text, new RegExp(`\\b${outcome}\\b`))
  }
  assert.match(text, /repeated: approval-unusable/)
  assert.match(text, /held +crm\.orders\.list +its review is overdue/)
  assert.match(text, /allowed +crm\.orders\.list +until the next review/)
  assert.match(text, /allowed +tools\/list +tickets__read, tickets__reply\n/)
  assert.match(text, /masked +tickets\.read +hidden: opened_by\.email/)
  assert.match(text, /blocked +tickets\.purge +the model reads: policy-denied/)
  assert.match(text, /allowed +tickets\.reply +the client came back by itself/)
  assert.match(text, /verified offline: \d+ records/)
  const [, changed = ''] = /transfer ended\.\n +. record (\d+): /.exec(text) ?? []
  assert.match(changed, /^\d+$/, 'the changed record is named')
  assert.match(text, /every outcome as told/)
  for (const hidden of ['536-22-8716', '4539578763621486', 'maria.schneider']) {
    assert.ok(!text.includes(hidden), `${hidden} was shown`)
  }
})
