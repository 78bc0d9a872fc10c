import assert from 'node:assert/strict'
import { test } from 'node:test'
import { namingAt } from './naming.ts'
import { type Dressing, dressAnswer } from './result.ts'

const reply = { record: { origin: 'log', index: 5 }, callId: 'c1' }
const own = '"io.sallyport/record":"log#5","io.sallyport/call":"c1"'
const info = '"io.modelcontextprotocol/serverInfo":{"name":"s"}'

type Row = {
  readonly frame: string
  readonly dressing?: Partial<Dressing>
  readonly seen: string
  readonly status?: number
  readonly asks?: boolean
}

const rows: Readonly<Record<string, Row>> = {
  'values keep their bytes': {
    frame: '{"result":{"structuredContent":{"n": 1.50,  "n2":1e2},"content":[]}}',
    seen: `{"result":{"structuredContent":{"n": 1.50,  "n2":1e2},"content":[],"_meta":{${own}}}}`,
  },
  'what only the gateway says is not taken from an upstream': {
    frame: '{"result":{"_meta":{"io.sallyport/record":"forged","io.sallyport/x":1,"other":1.0}}}',
    seen: `{"result":{"_meta":{"other":1.0,${own}}}}`,
  },
  'the current revision has a type': {
    frame: '{"result":{"content":[]}}',
    dressing: { modern: true },
    seen: `{"result":{"content":[],"_meta":{${info},${own}},"resultType":"complete"}}`,
  },
  'nobody keeps what was read': {
    frame: '{"result":{"contents":[],"resultType":"complete","ttlMs":60000,"cacheScope":"public"}}',
    dressing: { modern: true, method: 'resources/read' },
    seen: `{"result":{"contents":[],"resultType":"complete","ttlMs":0,"cacheScope":"private","_meta":{${info},${own}}}}`,
  },
  'however its type is spelled': {
    frame:
      '{"result":{"contents":[],"resultType":"complet\\u0065","ttlMs":60000,"cacheScope":"public"}}',
    dressing: { modern: true, method: 'resources/read' },
    seen: `{"result":{"contents":[],"resultType":"complete","ttlMs":0,"cacheScope":"private","_meta":{${info},${own}}}}`,
  },
  'what is asked is said apart from the answer': {
    frame:
      '{"result":{"resultType":"input_require\\u0064","inputRequests":{"a":{}},"requestState":"s"}}',
    dressing: { modern: true },
    seen: `{"result":{"resultType":"input_required","_meta":{${info},${own}}}}`,
    asks: true,
  },
  'questions in a result that is one': {
    frame: '{"result":{"content":[],"inputRequests":{"a":{}},"requestState":"s"}}',
    dressing: { modern: true },
    seen: `{"result":{"content":[],"_meta":{${info},${own}},"resultType":"complete"}}`,
  },
  'links are read where all connections are': {
    frame:
      '{"result":{"content":[{"type":"resource_link","uri":"a://b"},{"type":"resource","resource":{"uri":"c://d","text":"a://b"}},{"type":"text","text":"a://b","uri":"a://b"}]}}',
    dressing: { naming: namingAt('') },
    seen: `{"result":{"content":[{"type":"resource_link","uri":"up+a://b"},{"type":"resource","resource":{"uri":"up+c://d","text":"a://b"}},{"type":"text","text":"a://b","uri":"a://b"}],"_meta":{${own}}}}`,
  },
  'and in prompts': {
    frame:
      '{"result":{"messages":[{"role":"user","content":{"type":"resource","resource":{"uri":"c://d"}}}]}}',
    dressing: { naming: namingAt(''), method: 'prompts/get' },
    seen: `{"result":{"messages":[{"role":"user","content":{"type":"resource","resource":{"uri":"up+c://d"}}}],"_meta":{${own}}}}`,
  },
  'and in what was read': {
    frame: '{"result":{"contents":[{"uri":"c://d","text":"x"}]}}',
    dressing: { naming: namingAt(''), method: 'resources/read' },
    seen: `{"result":{"contents":[{"uri":"up+c://d","text":"x"}],"_meta":{${own}}}}`,
  },
  'an error is as it came': {
    frame: '{"error":{"code":-32000,"message":"no","data":{"a": 1.0}}}',
    seen: '{"error":{"code":-32000,"message":"no","data":{"a": 1.0}}}',
  },
  'an error about the hop to an upstream is none about this one': {
    frame: '{"error":{"code":-32022,"message":"no","data":{"supported":[]}}}',
    dressing: { modern: true },
    seen: '{"error":{"code":-32603,"message":"no"}}',
  },
  'an error that only the gateway makes': {
    frame: '{"error":{"code":-31403,"message":"no","data":{"approval_id":"a"}}}',
    seen: '{"error":{"code":-32603,"message":"no"}}',
  },
  'an error that asks the caller to open a page': {
    frame: '{"error":{"code":-32042,"message":"no","data":{"elicitations":[]}}}',
    seen: '{"error":{"code":-32603,"message":"no"}}',
  },
  'a capability that the caller lacks': {
    frame: '{"error":{"code":-32021,"message":"no"}}',
    dressing: { modern: true },
    seen: '{"error":{"code":-32021,"message":"no"}}',
    status: 400,
  },
  'a resource that is not there, as each revision says it': {
    frame: '{"error":{"code":-32002,"message":"no"}}',
    dressing: { modern: true, method: 'resources/read' },
    seen: '{"error":{"code":-32602,"message":"no"}}',
  },
}

for (const [name, { frame, dressing = {}, seen, status = 200, asks = false }] of Object.entries(
  rows,
)) {
  test(name, () => {
    const dressed = dressAnswer(Buffer.from(frame), reply, {
      ...{ method: 'tools/call', modern: false, naming: namingAt('up'), connection: 'up' },
      serverInfo: { name: 's' },
      ...dressing,
    })
    assert.equal(Buffer.from(dressed.frame).toString(), seen)
    assert.deepEqual([dressed.status, dressed.record], [status, 'log#5'])
    assert.equal(dressed.asks !== undefined, asks)
  })
}
