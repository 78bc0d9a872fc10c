/** `crm.*` covers every id that begins with `crm.`; `*` covers all; anything else is one id. */
export function covers(pattern: string, id: string): boolean {
  if (pattern === '*') return true
  return pattern.endsWith('.*') ? id.startsWith(pattern.slice(0, -1)) : id === pattern
}
