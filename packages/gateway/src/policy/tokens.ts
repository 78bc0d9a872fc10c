/** A policy's tokens without comments and layout: texts that read the same are the same. */
export function cedarTokens(text: string): string {
  const tokens = /"(?:\\[\s\S]|[^"\\])*"|\/\/[^\r\n]*|\w+|==|!=|<=|>=|&&|\|\||::|\S/g
  return (text.match(tokens) ?? []).filter((token) => !token.startsWith('//')).join(' ')
}
