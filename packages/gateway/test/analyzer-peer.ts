import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'

/** One question as Presidio's analyzer takes it (its OpenAPI document, `AnalyzeRequest`). */
export type Analysis = {
  readonly text: string | readonly string[]
  readonly language: string
  readonly entities?: readonly string[]
  readonly score_threshold?: number
}

/**
 * A protocol peer: it speaks the analyzer's HTTP API and recognises nothing but names of a list, because no
 * analyzer can be installed here. What it shows is that the gateway speaks that protocol, not what a model finds.
 */
export type AnalyzerPeer = {
  readonly url: string
  readonly asked: Analysis[]
  /** What it does with the next questions instead of answering them. */
  instead: ((response: ServerResponse) => void) | undefined
  readonly close: () => Promise<void>
}

export async function startAnalyzer(
  names: Readonly<Record<string, string>>,
): Promise<AnalyzerPeer> {
  const asked: Analysis[] = []
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = []
    for await (const piece of request) pieces.push(piece)
    if (request.method !== 'POST' || request.url !== '/analyze') {
      response.writeHead(404).end()
      return
    }
    const analysis: Analysis = JSON.parse(Buffer.concat(pieces).toString())
    asked.push(analysis)
    if (peer.instead !== undefined) peer.instead(response)
    else answer(response, analysis, names)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const peer: AnalyzerPeer = {
    url: `http://127.0.0.1:${address.port}`,
    asked,
    instead: undefined,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return peer
}

function answer(
  response: ServerResponse,
  { text, language, entities, score_threshold: threshold = 0 }: Analysis,
  names: Readonly<Record<string, string>>,
): void {
  const said = (status: number, body: unknown) => {
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(body))
  }
  if (language !== 'en') {
    said(500, { error: 'No matching recognizers were found.' })
    return
  }
  const found = [text].flat().map((one) =>
    Object.entries(names).flatMap(([name, type]) => {
      const wanted = entities === undefined || entities.includes(type)
      return wanted && score >= threshold ? placesOf(one, name).map((at) => result(at, type)) : []
    }),
  )
  // One text is answered by one list, a list of texts by a list of lists.
  said(200, typeof text === 'string' ? found[0] : found)
}

const score = 0.85
const result = (place: { readonly start: number; readonly end: number }, type: string) => ({
  ...place,
  ...{ score, entity_type: type, analysis_explanation: null },
})

/** Where it stands, in code points, as Python counts. */
function placesOf(text: string, name: string): { readonly start: number; readonly end: number }[] {
  const places = []
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
    const start = [...text.slice(0, at)].length
    places.push({ start, end: start + [...name].length })
  }
  return places
}
