import { spawn, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { own, type Started } from './process.ts'

/** Plain nginx in front of the upstream, one worker; undefined, and said, where it is not installed. */
export function startNginx(folder: string, upstreamPort: number): Started | undefined {
  if (spawnSync('nginx', ['-v']).status !== 0) {
    process.stdout.write('plain nginx: not installed, left out\n')
    return undefined
  }
  const port = 20_000 + Math.floor(upstreamPort % 10_000)
  const config = join(folder, `nginx-${upstreamPort}.conf`)
  writeFileSync(
    config,
    `daemon off; worker_processes 1; pid ${folder}/nginx-${upstreamPort}.pid; error_log ${folder}/nginx.log;
events { worker_connections 1024; }
http {
  access_log off; client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p;
  fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  upstream peer { server 127.0.0.1:${upstreamPort}; keepalive 64; }
  server { listen 127.0.0.1:${port}; keepalive_requests 1000000;
    location / { proxy_pass http://peer; proxy_http_version 1.1; proxy_set_header Connection ""; } }
}
`,
  )
  return { ...own(spawn('nginx', ['-c', config], { stdio: 'inherit' })), port }
}
