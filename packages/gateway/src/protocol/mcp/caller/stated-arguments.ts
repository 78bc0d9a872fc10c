import type { McpFunction } from '../../../model/function.ts'
import type { HeaderPair } from '../../door/request.ts'
import { decodedHeader, mismatch, modernRevisions } from '../message/eras.ts'
import { paramHeaders, placesOf } from '../message/param-headers.ts'
import type { RpcProblem } from '../message/problem.ts'

/**
 * Whether the arguments that a tool wants repeated in headers (`x-mcp-header`, 2026-07-28, basic/transports/
 * streamable-http, custom headers) say there what they say in the body. Of earlier revisions, which know no such
 * headers, only what is sent is looked at. `args`: the bytes of `arguments`.
 */
export function statedArgumentsProblem(
  { mcp, argumentSchema }: Pick<McpFunction, 'mcp' | 'argumentSchema'>,
  args: Uint8Array,
  headers: readonly HeaderPair[],
): RpcProblem | undefined {
  const places = mcp.method === 'tools/call' ? placesOf(argumentSchema) : []
  if (places.length === 0) return undefined
  const params = Buffer.concat([Buffer.from('{"arguments":'), args, Buffer.from('}')])
  const wanted = new Map(paramHeaders(argumentSchema, params))
  const isModern = headers.some(([name, value]) => {
    return name === 'mcp-protocol-version' && modernRevisions.some((one) => one === value)
  })
  for (const { header } of places) {
    const name = `mcp-param-${header.toLowerCase()}`
    const sent = headers.filter(([one]) => one === name).map(([, value]) => value)
    const expected = wanted.get(name)
    const isRight =
      sent.length === 0
        ? expected === undefined || !isModern
        : sent.length === 1 && isSame(sent[0], expected)
    if (!isRight) return mismatch(`Mcp-Param-${header} does not say what the body says.`)
  }
  return undefined
}

function isSame(one: string | undefined, other: string | undefined): boolean {
  if (one === undefined || other === undefined) return false
  const [a, b] = [decodedHeader(one), decodedHeader(other)]
  if (a === undefined || b === undefined) return false
  // Numbers are compared as numbers: `42.0` is `42`.
  return a === b || (/^-?\d+\.0+$/.test(a) && /^-?\d+$/.test(b) && Number(a) === Number(b))
}
