import type { JsonObject } from '../../../model/json.ts'

/** A `CallToolResult` of the gateway's own: one text, and the same for programs. */
export function textResult(
  text: string,
  { isError, structured }: { readonly isError: boolean; readonly structured: JsonObject },
): JsonObject {
  return { content: [{ type: 'text', text }], structuredContent: structured, isError }
}
