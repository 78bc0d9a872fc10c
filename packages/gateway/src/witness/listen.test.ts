import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { check, seen } from '../../test/running-witness.ts'

await check('other requests', async ({ url, log, add }) => {
  await add(await log.ask(0, 7))
  const statusOf = async (path: string, method: string) =>
    (await seen(fetch(`${url}${path}`, { method }))).status
  assert.equal(await statusOf('/add-checkpoint', 'GET'), 405)
  assert.equal(await statusOf('/', 'GET'), 404)
  assert.equal(await statusOf(`/${'0'.repeat(64)}/checkpoint`, 'GET'), 404)
  assert.equal(await statusOf('/../witness.key', 'GET'), 404)
  const garbage = await new Promise<string>((resolve) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () =>
      socket.end('\0\0 garbage\r\n\r\n'),
    )
    let said = ''
    socket.on('data', (piece) => (said += piece)).on('close', () => resolve(said))
  })
  assert.match(garbage, /^HTTP\/1\.1 400 /)
  assert.equal((await add(await log.ask(7, 8))).status, 200)
})

await check('whoever only holds a connection does not keep it from stopping', async (first) => {
  const sockets = [0, 1].map(() => connect(Number(new URL(first.url).port), '127.0.0.1'))
  const ended = sockets.map((socket) => new Promise((resolve) => socket.on('close', resolve)))
  await Promise.all(
    sockets.map((socket) => new Promise((resolve) => socket.on('connect', resolve))),
  )
  sockets[0]?.on('error', () => undefined).write('GET /')
  sockets[1]?.on('error', () => undefined)
  await first.add(await first.log.ask(0, 7))
  const next = await first.restart()
  await Promise.all(ended)
  assert.equal((await next.add(await next.log.ask(7, 8))).status, 200)
})
