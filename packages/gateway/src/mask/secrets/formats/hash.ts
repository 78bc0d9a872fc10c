import type { Format } from '../format.ts'

const crypt = 'https://man7.org/linux/man-pages/man5/crypt.5.html'
const cisco =
  'https://community.cisco.com/t5/networking-knowledge-base/understanding-the-differences-between-the-cisco-password-secret/ta-p/3163238'

/** Hashes of passwords: what stands in `/etc/shadow`, in `.htpasswd`, in the tables of applications. */
export const hashFormats: readonly Format[] = [
  { id: 'bcrypt', pattern: '$2<lower:1>$<digit:2>$<crypt:53>', source: crypt },
  { id: 'md5-crypt', pattern: '$1$<crypt:1,8>$<crypt:22>', source: crypt },
  { id: 'sha256-crypt', pattern: '$5$<crypt:1,16>$<crypt:43>', source: crypt },
  {
    id: 'sha256-crypt-rounds',
    pattern: '$5$rounds=<digit:4,9>$<crypt:1,16>$<crypt:43>',
    source: crypt,
  },
  { id: 'sha512-crypt', pattern: '$6$<crypt:1,16>$<crypt:86>', source: crypt },
  {
    id: 'sha512-crypt-rounds',
    pattern: '$6$rounds=<digit:4,9>$<crypt:1,16>$<crypt:86>',
    source: crypt,
  },
  { id: 'yescrypt', pattern: '$y$<crypt:1,16>$<crypt:1,86>$<crypt:43>', source: crypt },
  { id: 'scrypt-crypt', pattern: '$7$<crypt:11,97>$<crypt:43>', source: crypt },
  { id: 'cisco-8', pattern: '$8$<crypt:14>$<crypt:43>', source: cisco },
  { id: 'cisco-9', pattern: '$9$<crypt:14>$<crypt:43>', source: cisco },
  {
    id: 'apache-md5',
    pattern: '$apr1$<crypt:1,8>$<crypt:22>',
    source: 'https://httpd.apache.org/docs/2.4/misc/password_encryptions.html',
  },
  { id: 'phpass', pattern: '$P$<crypt:31>', source: 'https://www.openwall.com/phpass/' },
  {
    id: 'argon2',
    pattern:
      '$argon2<lower:1,2>$v=<digit:2>$m=<digit:1,10>,t=<digit:1,10>,p=<digit:1,4>$<base64:11,64>$<base64:22,128>',
    source: 'https://www.rfc-editor.org/rfc/rfc9106',
  },
]
