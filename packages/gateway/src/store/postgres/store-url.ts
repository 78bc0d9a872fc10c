/**
 * The URL as the driver takes it. Every `sslmode` that promises something verifies the certificate and its
 * name here; one that promises nothing has to be written as what it is.
 */
export function readUrl(text: string): { readonly text: string; readonly options: string } {
  const url = URL.parse(text)
  if (!url || !/^postgres(?:ql)?:$/.test(url.protocol)) {
    throw new Error('The store has to be a URL such as postgres://user@host:5432/database.')
  }
  const mode = url.searchParams.get('sslmode')
  const options = url.searchParams.get('options') ?? ''
  url.searchParams.delete('options')
  if (mode === 'require' || mode === 'verify-ca') url.searchParams.set('sslmode', 'verify-full')
  if (mode === 'prefer' || mode === 'allow') {
    throw new Error(
      `sslmode=${mode} may end up unencrypted without a word. Write sslmode=verify-full, or sslmode=disable where the network is trusted.`,
    )
  }
  const near = isNear(url.searchParams.get('host') ?? decodeURIComponent(url.hostname))
  if (mode === null && !near && !url.searchParams.has('sslrootcert')) {
    throw new Error(
      'The database is on another machine: add sslmode=verify-full to the URL of the store, or sslmode=disable where the network is trusted.',
    )
  }
  return { text: url.href, options }
}

/** A Unix socket, or this machine. */
function isNear(host: string): boolean {
  return (
    host === '' ||
    host.startsWith('/') ||
    /^(?:localhost|127(?:\.\d{1,3}){3}|\[?::1\]?)$/.test(host)
  )
}
