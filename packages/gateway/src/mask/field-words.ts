import { idRules } from './detect/id-rules.ts'
import { topics } from './detect/words.ts'

/**
 * Whether a key of a document is the name of a field and cannot be somebody's: each of its words is one that
 * programs call fields by. Keys are values where people are looked up by name or token (`{"nora_quist": …}`), and
 * those do not differ from names of fields in form; so a word that is not known here counts as a value.
 */
export function isFieldName(name: string): boolean {
  let digits = 0
  let unknown = 0
  for (const [word] of name.matchAll(/[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+/g)) {
    if (/^\d/.test(word)) digits += word.length
    else if (!words.has(word.toLowerCase())) unknown += word.length <= 2 ? word.length : tooMany
  }
  return /^[A-Za-z_]\w*$/.test(name) && digits <= digitsMax && unknown <= unknownMax
}

/** `line2`, `sha1`, `ipv4`; more may be a part of a number. */
const digitsMax = 2
/** Letters of very short words that say nothing: `x`, `to_kg`. */
const unknownMax = 3
const tooMany = 100

/** What fields are called in public descriptions of interfaces; no given names, no surnames. */
const ordinary = `
  abstract accept accepted access account accounts acct action actions active activity actor actual add added additional
  address addresses adjust adjusted adjustment admin after agent agents aggregate alert alerts alias aliases all allow
  allowed alt alternate amount amounts annotation annotations answer answers any api app append application
  applications applied apply appointment appointments approval approvals approve approved approver archive archived area
  args argument arguments array artifact artifacts asked assertion assessment asset assets assign assigned assignee
  assistant associated association async at attachment attachments attempt attempts attribute attributes audience audio
  audit auth author authorization authors auto available avatar average avg back background backup badge balance bank
  banner bar barcode base basic batch bcc before begin begins beneficiary bic bill billed billing bin binary biography
  blob block blocked blocks board body bonus book booking bookings bool boolean bottom bound box brand branch browser
  bucket budget build building bulk bundle business button buyer by bytes cache calendar call callback caller calls
  campaign cancel canceled cancelled candidate candidates canonical capability capabilities capacity caption card cards
  care carrier cart case cases cast catalog catalogue categories category cause cell center certificate chain change
  changed changes channel channels chapter charge charges chart chat check checked checksum checkout child children
  choice choices chunk chunks cid city claim claims class classification client clients clock close closed code codes
  collection color colour column columns comment comments commit commits common community companies company completion
  component components condition conditions config configuration confirm confirmation confirmed connection connections
  consent console constraint consumer contact contacts container content contents context contract contracts
  conversation conversion convert coordinates copy core cost costs count counter countries country county coupon course
  cover coverage create created creation creator credential credentials credit criteria cron currencies currency current
  cursor custom customer customers cycle daily damage dashboard data database dataset date dates datetime day days deal
  deals debit debug decimal decision default deferred definition delay delete deleted delivered delivery delta demo
  department dependencies deposit depth desc description descriptions destination detail details device devices
  diagnosis dictionary diff difference digest dimension dimensions direction directory disabled discount discounts
  display distance district document documents doc docs domain domains done double download draft driver due dump
  duplicate duration dynamic each edge edges edit edited education effective email emails embed embedding empty
  employee employees employer employment enabled encoding encrypted end ended endpoint endpoints ends engine entities
  entity entries entry environment env epoch error errors escalation estimate estimated event events exact example
  examples exception exceptions excerpt exchange exclude executed execution exists expected expense expenses experience
  expiration expire expired expires expiry explanation export extended extension external extra facility factor failed
  failure fallback false family fax feature features fee feedback fees fetch field fields figure file filename files
  filter filters final finance finding findings finish finished first fix flag flags flight float flow folder folders
  follow followers font footer for force foreign form format formatted forms forward fraction frame free frequency from
  front fulfilled fulfillment full function functions fund gender general generated generation geo geometry get given
  global goal goals grade grand grant granted graph grid gross group groups guest guid handle handler has hash head
  header headers heading headline health height help helper hex hidden high highlight hint history hold holder home host
  hosts hotel hour hourly hours href html http https human icon id identifier identifiers identity ids image images
  import important in include included includes income incoming index indexes info information ingress init initial
  inline inner input inputs inquiry insert instance instances instruction instructions insurance insured integration
  interest interface internal interval intro introduction inventory invitation invite invoice invoices ip is issue issued
  issuer issues item items job jobs join joined json jurisdiction justification key keys keyword keywords kind label
  labels land landing lang language languages last lat latency latest latitude layer layout lead leads leave legal length
  letter level levels library license licence limit limits line lines link linked links list listing lists live lng load
  loan local locale location locations lock locked log logged login logo logprobs logs long longitude loop lot low
  machine mail mailbox main manager map mapping margin mark marker market markup mask matched matches matching material matrix max
  maximum measure media medical medication medium meeting meetings member members membership memo memory menu merchant
  merge merged message messages meta metadata method metric metrics middle migration milestone mime min minimum minute
  minutes missing mobile mode model models modified module modules monitor month monthly months more move moved
  multiple name named names namespace nationality native network new news next node nodes none normal note notes notice
  notification notifications null num number numbers object objects observation occupation of off offer offers office
  offset old on one online only opaque open opened operation operations operator opportunity option optional options or
  order orders ordered org organisation organization origin original other others out outcome outer output outputs
  outstanding over overall overview own owner owners package packages page pages paid pair panel parameter parameters
  params parent parents part partial partner partners parts party pass passenger passengers password path paths patient
  patients pattern pay payable payee payer payload payment payments payout pending people per percent percentage
  performance period permission permissions person personal persons phase phone phones photo photos picture pin pipeline
  place placed plan planned plans platform player plugin point pointer points policies policy pool port portal position
  positions post postal posted posts prefix preference preferences preferred premium prescription preset presence preview
  previous price prices pricing primary principal print prior priority privacy private procedure process processed
  processing processor product products profile profiles program progress project projects prompt prompts proof
  properties property protocol provider providers provision proxy public publication published publisher purchase
  purchased purchases purpose quality quantity query question questions queue quota quote quotes range rank rate rates
  rating ratings ratio raw reaction read ready real reason reasoning reasons receipt receipts received receiver recent
  recipient recipients recommendation record records recovery redirect ref reference references refresh refund refunded
  refunds refused region regions register registered registration regular relation related relations relationship
  release released remaining remark remarks reminder remote removed renewal rent replace replies reply report reported
  reporter reports repo repository request requested requester requests required requirement reservation reserved
  reset resolution resolved resource resources response responses rest result results resume retail retries retry return
  returned returns revenue review reviewed reviewer reviews revision reward right rights risk role roles room root rooms
  route router routes row rows rule rules run running runs runtime safety salary sale sales sample samples scan schedule
  scheduled schema scheme scope scopes score scores screen script scroll search second secondary seconds secret secrets
  section sections sector secure security segment segments select selected selector self seller send sender sent
  sensitive sensitivity sentence sequence serial series server servers service services session sessions set setting
  settings settlement severity shape shard share shared shares sheet shift ship shipment shipments shipped shipping shop
  short show side sign signature signed signer signup simple single site sites size sizes sku slice slot slots slug
  snapshot snippet social software sort source sources spec special specification speed spent stack staff stage stages
  standard start started starts state statement states static station statistics stats status step steps stock stop store
  stores stream street strategy string structure structured student style sub subject submission submitted
  subscriber subscription subscriptions subtitle subtotal success suffix suggestion suggestions suite sum summary
  supplier suppliers support supported surname survey symbol sync syntax system table tables tag tags target targets task
  tasks tax taxes team teams telephone template templates tenant term terminal terms test tests text texts theme
  thinking thread threads threshold thumbnail ticket tickets tier time timeline timeout times timestamp timezone title
  titles to together token tokens tool tools top topic topics total totals trace track tracking trade traffic training
  trait transaction transactions transcript transfer transfers transform transit transition translation transport travel
  treatment tree trend trial trigger trip true trust try turn type types unit units unknown unread until update updated
  updater updates upload uploaded upper uri url urls usage use used user username users uuid valid validated validation
  value values variable variables variant variants vat vehicle vendor vendors verb verification verified version versions
  vertical via video view viewer views visible visit visits visitor volume vote votes wallet warehouse warning warnings
  watch web webhook website week weekly weeks weight when where which width window with withdrawal word words work
  worker workflow workspace write written wrapper xml year yearly years yes zip zipcode zone postcode postalcode
  firstname lastname fullname middlename surnames nickname displayname phonenumber accountnumber cardnumber
  iso utc uid pid os ui ux cpu ram gpu ssl tls ssh ftp smtp dns tcp udp cidr vpn lan wan arn ttl md sha hmac jwt csv pdf
  png jpg svg ascii utf crm erp hr sso mfa otp kyc aml pnl roi sla eta etd ean upc isbn mrn npi ssn dob iban cvv cvc bsn
`
const words: ReadonlySet<string> = new Set([
  ...ordinary.split(/\s+/),
  ...Object.values(topics).flatMap((topic) => `${topic.words},${topic.keys ?? ''}`.split(/[ ,]/)),
  ...idRules.flatMap((rule) => rule.words.split(/[ ,]/)),
])
