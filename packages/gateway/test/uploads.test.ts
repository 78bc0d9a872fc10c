import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:http'
import { test } from 'node:test'
import {
  assertSoundLog,
  ends,
  type House,
  intent,
  openHouse,
  since,
  until,
  withoutChunks,
} from './house.ts'
import { answer, hang } from './upstream.ts'

test('bodies that are streamed to the upstream', async (t) => {
  const house = await openHouse(t)
  await t.test('24 MB', () => upload(house))
  await t.test('cut off', () => uploadCutOff(house))
  await t.test('answered before they are in', () => early(house))
  await t.test('the log is sound', () => assertSoundLog(house))
})

async function upload(house: House): Promise<void> {
  const now = since(house)
  let size = 0
  house.upstream.script = (socket, asked) => {
    // The request comes in chunks; their framing counts little beside the bytes.
    let tail = ''
    const take = (piece: Buffer) => {
      size += piece.length
      tail = (tail + piece.toString('latin1')).slice(-5)
      if (tail === '0\r\n\r\n')
        answer({ headers: { connection: 'close' }, body: '{}' })(socket, asked)
    }
    take(asked.body)
    socket.on('data', take)
  }
  const piece = Buffer.alloc(65_536, 'u')
  const pieces = 384
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${house.token}`,
      'content-type': 'application/octet-stream',
    }
    const asked = request(`${house.url()}/up/upload`, { method: 'PUT', headers, agent: false })
    asked.on('response', (response) => {
      response.resume()
      resolve(response.statusCode)
    })
    asked.on('error', reject)
    let sent = 0
    const more = () => {
      while (sent++ < pieces) if (!asked.write(piece)) return void asked.once('drain', more)
      asked.end()
    }
    more()
  })
  assert.equal(status, 200)
  assert.ok(size >= piece.length * pieces)
  assert.deepEqual(withoutChunks(now), [intent, ['call.outcome', 'done', 200]])
}

async function uploadCutOff(house: House): Promise<void> {
  const now = since(house)
  house.upstream.script = hang
  const headers = {
    authorization: `Bearer ${house.token}`,
    'content-type': 'application/octet-stream',
  }
  const asked = request(`${house.url()}/up/upload`, { method: 'PUT', headers, agent: false })
  asked.on('error', () => {})
  asked.write('half of ')
  await until(() => now.reached() === 1, 'the upstream was reached')
  asked.destroy()
  await ends(house, now, [intent, ['call.outcome', 'aborted', 0]])
}

/** The upstream says no while the caller is still sending. */
async function early(house: House): Promise<void> {
  const now = since(house)
  house.upstream.script = answer({
    status: 413,
    headers: { connection: 'close' },
    body: '{"too":"much"}',
  })
  const headers = {
    authorization: `Bearer ${house.token}`,
    'content-type': 'application/octet-stream',
  }
  const asked = request(`${house.url()}/up/upload`, { method: 'PUT', headers, agent: false })
  asked.on('error', () => {})
  asked.write('half of ')
  const [response] = await once(asked, 'response')
  assert.equal(response.statusCode, 413)
  response.resume()
  await once(response, 'end')
  asked.destroy()
  assert.deepEqual(withoutChunks(now), [intent, ['call.outcome', 'done', 413]])
}
