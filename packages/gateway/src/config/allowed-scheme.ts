/** True for https, and for http where it was allowed and stays on this machine. */
export function allowedScheme(text: string, insecureHttp: boolean): boolean {
  const url = URL.parse(text)
  if (url?.username !== '' || url.password !== '') return false
  if (url.protocol === 'https:') return true
  return url.protocol === 'http:' && insecureHttp && isLoopback(url.hostname)
}

/** Whether a host name of a URL never leaves this machine. */
export function isLoopback(hostname: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(hostname)
}
