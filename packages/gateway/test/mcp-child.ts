import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import { serveStdio } from '@modelcontextprotocol/server/stdio'
import { legacyGallery, modernGallery } from './mcp-gallery.ts'

/** The gallery as a child process; its argument says by which SDK. */
const told = { started: [], cancelled: [], heard: [] }
if (process.argv[2] === 'modern') serveStdio(() => modernGallery(told))
else await legacyGallery(told).connect(new StdioServerTransport())
