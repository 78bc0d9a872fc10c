import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { assertNothingLeaked } from './leaks.ts'

const secret = 'looked-for-everywhere'

const spelled: readonly (readonly [how: string, text: string])[] = [
  ['as it is', `…${secret}…`],
  ['percent-encoded', `q=${encodeURIComponent('über/all/looked')}`],
  ['in hexadecimal', Buffer.from(`${secret}`).toString('hex')],
  ['in base64', Buffer.from(secret).toString('base64')],
  ['in base64, one byte in', Buffer.from(`x${secret}yz`).toString('base64')],
  ['in base64, two bytes in', Buffer.from(`xx${secret}y`).toString('base64url')],
]
for (const [how, text] of spelled) {
  for (const where of ['file', 'log'] as const) {
    test(`a planted value is found in a ${where}, ${how}`, (t) => {
      const home = mkdtempSync(join(tmpdir(), 'sallyport-leaks-'))
      t.after(() => rmSync(home, { recursive: true }))
      mkdirSync(join(home, 'log/tile'), { recursive: true })
      const [file, logged] = where === 'file' ? [text, ''] : ['', text]
      writeFileSync(join(home, 'log/tile/000'), `before\0${file}\0after`)
      const secrets = [secret, 'über/all/looked']
      assert.throws(() => assertNothingLeaked({ home, logged }, secrets), /a planted value/)
      assertNothingLeaked({ home, logged }, [])
    })
  }
}
