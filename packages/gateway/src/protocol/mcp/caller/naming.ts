/**
 * How functions are called at `/mcp`, where all connections are behind one address: `<connection>__<name>`, and
 * `<connection>+<uri>` for resources. The id of a connection holds neither sign, so no two names are the same; at the
 * address of one connection everything is called as its upstream calls it.
 */
export type Naming = {
  /** Undefined: no connection is named, so there is nothing of that name. */
  readonly ofName: (name: string) => Named | undefined
  readonly ofUri: (uri: string) => Named | undefined
  readonly name: (connection: string, name: string) => string
  readonly uri: (connection: string, uri: string) => string
}

export type Named = { readonly connection: string; readonly name: string }

/** `endpoint`: the connection that is addressed; empty for all of them. */
export function namingAt(endpoint: string): Naming {
  if (endpoint !== '') {
    const own = (name: string) => ({ connection: endpoint, name })
    return { ofName: own, ofUri: own, name: (_, name) => name, uri: (_, uri) => uri }
  }
  return {
    ofName: (name) => splitAt(name, '__'),
    ofUri: (uri) => splitAt(uri, '+'),
    name: (connection, name) => `${connection}__${name}`,
    uri: (connection, uri) => `${connection}+${uri}`,
  }
}

function splitAt(text: string, sign: string): Named | undefined {
  const at = text.indexOf(sign)
  if (at < 1) return undefined
  return { connection: text.slice(0, at), name: text.slice(at + sign.length) }
}
