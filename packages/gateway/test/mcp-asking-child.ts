import { createInterface } from 'node:readline'

/** A child process that asks its caller for something, and has its own secret in its words; then says what it heard. */
const say = (message: object) =>
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
let called: unknown

for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params, result } = JSON.parse(line)
  if (method === 'initialize') {
    const serverInfo = { name: 'asking', version: '1' }
    const { protocolVersion } = params
    say({ id, result: { protocolVersion, capabilities: { tools: {} }, serverInfo } })
  } else if (method === 'tools/call') {
    called = id
    const { CHILD_SECRET = '' } = process.env
    // Once as it is, and once as JSON in this text would spell it.
    const spelled = [...CHILD_SECRET].map((one) => `\\u00${one.charCodeAt(0).toString(16)}`)
    const message = `4556737586899855 DE89370400440532013000 ${CHILD_SECRET} ${spelled.join('')}`
    const requestedSchema = { type: 'object', properties: {} }
    say({ id: 'q', method: 'elicitation/create', params: { message, requestedSchema } })
  } else if (id === 'q') {
    say({ id: called, result: { content: [{ type: 'text', text: JSON.stringify(result) }] } })
  } else if (id !== undefined) say({ id, result: { tools: [] } })
}
