import type { JsonObject } from '../../../model/json.ts'
import type { Conversation, UpstreamRequest } from './conversation.ts'

/** `_meta` of a request on this hop: 2026-07-28, basic/index; before, progress and trace only. */
export function metaOf(
  { era, revision, version }: Pick<Conversation, 'era' | 'revision'> & { readonly version: string },
  { wantsProgress, traceparent, logLevel, capabilities }: UpstreamRequest,
  id: number,
): JsonObject {
  return {
    ...(era === 'modern' && {
      'io.modelcontextprotocol/protocolVersion': revision,
      'io.modelcontextprotocol/clientInfo': clientInfo(version),
      'io.modelcontextprotocol/clientCapabilities': capabilities,
      ...(logLevel !== undefined && { 'io.modelcontextprotocol/logLevel': logLevel }),
    }),
    ...(wantsProgress && { progressToken: id }),
    ...(traceparent !== undefined && { traceparent }),
  }
}

export function clientInfo(version: string): JsonObject {
  return { name: 'sallyport', version }
}
