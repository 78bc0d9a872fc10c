import type { Target } from './target.ts'

/**
 * The path and query the upstream gets: its base path, then what follows the connection's prefix, as
 * the caller wrote it. The raw text is safe to send on because `readTarget` accepted it.
 */
export function outboundPath(upstream: string, target: Target, prefixLength: number): string {
  const rest = target.path
    .split('/')
    .slice(1 + prefixLength)
    .join('/')
  return `${basePath(upstream)}/${rest}${target.query === '' ? '' : `?${target.query}`}`
}

/** The path of an upstream's URL, without a slash at its end. */
export function basePath(upstream: string): string {
  const known = basePaths.get(upstream)
  if (known !== undefined) return known
  const path = new URL(upstream).pathname.replace(/\/$/, '')
  basePaths.set(upstream, path)
  return path
}

/** As many entries as the rulebooks of one process name upstreams. */
const basePaths = new Map<string, string>()
