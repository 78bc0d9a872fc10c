import { hints } from './hint-bits.ts'

/**
 * What words beside a value, or in the name of its field, say it is. A topic has the hint bits its
 * words give to a key, and its phrases of one or two words, in the languages of those who use them.
 * `strong` is what supports a value of no telling format; the weaker phrases of a field name only,
 * because in prose they mean anything, stand in `keys`.
 */
export type Topic = { readonly bits: number; readonly words: string; readonly keys?: string }

const id = hints.nationalId

export const topics: Readonly<Record<string, Topic>> = {
  email: { bits: hints.email, words: 'email,e mail,mail,correo,courriel,emails', keys: 'mailto' },
  phone: {
    bits: hints.phone,
    words:
      'phone,phones,telephone,tel,mobile,cell,cellphone,fax,whatsapp,telegram,sms,msisdn,landline,' +
      'handy,telefon,telefono,teléfono,telefone,téléphone,portable,celular,móvil,movil,handynummer,' +
      'telefonnummer,mobilnummer,rufnummer,cellulare,telefoon,mobiel,puhelin,telefonszám,gsm,' +
      'call me,reach me,dial,hotline,switchboard,телефон,тел,电话,手机,電話,携帯,전화,휴대폰,โทรศัพท์,' +
      'phone number,mobile number,contact number,text me,ring me,call us,ext',
    keys: 'telno,phoneno,mobileno,cel,msisdn,caller,callee,cli,ani,did,tlf,mob,from number,to number,ph',
  },
  phoneVerb: { bits: 0, words: 'call,reach,contact,ring,callback,called,calling,phoned' },
  phoneWeak: { bits: 0, words: 'text,number,at' },
  card: {
    bits: hints.card,
    words:
      'card,cards,credit,debit,visa,mastercard,amex,american express,discover,jcb,diners,unionpay,' +
      'maestro,pan,cc,tarjeta,carte,karte,kreditkarte,carta,cartão,cartao,kaart,kort,карта,信用卡,' +
      'creditcard,debitcard,card number,cardnumber,rupay,mir',
    keys: 'ccn,cc num,cc number,card no,primary account,acct card,kartennummer,numero carte',
  },
  iban: { bits: hints.iban, words: 'iban', keys: 'bank account,konto,account iban' },
  ssn: {
    bits: hints.ssn,
    words: 'ssn,ssns,social security,social,socials,itin,individual taxpayer,taxpayer,tin',
    keys: 'soc sec,social sec,ss number,us ssn,ssn last,tax id',
  },
  nationalId: {
    bits: id,
    words:
      'national id,identity,identity number,identity card,identification,id card,id number,' +
      'citizen,citizenship,resident,personal number,personal code,tax id,tax number,taxpayer,' +
      'tax identification,fiscal,fiscal code,tin,vat,vat number,national number,dni,national identity,' +
      'insurance number,ausweis,steuernummer,nif,nie,rut,身份证,registration number',
    keys: 'national,nid,id no,idno,gov id,government id,document number,doc number,tax code,taxid,vatid',
  },
  birth: {
    bits: hints.birth,
    words:
      'dob,birth,born,birthday,birthdate,geboren,geburtsdatum,naissance,nacimiento,nascita,nascimento',
    keys:
      'date of,birth date,birth day,bday,date naissance,fecha nacimiento,geb datum,fødselsdato,' +
      'geboortedatum,data nascita,data nascimento,生年月日,出生日期,geburtstag',
  },
  name: {
    bits: hints.name,
    words: '',
    keys:
      'full name,first name,last name,given name,family name,middle name,maiden name,surname,fname,' +
      'lname,forename,family,given,givenname,familyname,customer name,patient name,client name,' +
      'contact name,employee name,cardholder,card holder,cardholder name,account holder,holder name,' +
      'owner name,person name,display name,legal name,mother maiden,nickname,recipient name,sender name,' +
      'beneficiary name,billing name,shipping name,real name,nombre,apellido,apellidos,prenom,prénom,' +
      'nom famille,nachname,vorname,familienname,cognome,nome completo,sobrenome,voornaam,achternaam,' +
      'fornavn,etternavn,förnamn,efternamn,imie,nazwisko,имя,фамилия,姓名,氏名,passenger name,' +
      'guest name,member name,student name,insured name,subscriber name,next of,guardian name,' +
      'emergency contact,student,doctor name,provider name,physician name',
  },
  address: {
    bits: hints.address,
    words: '',
    keys:
      'street,street address,home address,billing address,shipping address,mailing address,postal address,' +
      'address line,address1,address2,addr1,addr2,addr line,street name,street line,delivery address,' +
      'residential address,residence,direccion,dirección,adresse,anschrift,strasse,straße,rue,calle,' +
      'indirizzo,endereco,endereço,straat,adres,customer address,patient address,work address,' +
      'address street,full address,地址,住所,адрес,street1,street2,address',
  },
  secret: {
    bits: hints.secret,
    words: '',
    keys:
      'password,passwd,pwd,passphrase,pass phrase,passcode,secret,secret key,client secret,api key,apikey,' +
      'access key,secret access,private key,auth token,access token,refresh token,bearer,bearer token,' +
      'api token,session token,id token,security answer,security code,cvv,cvc,cvv2,cvc2,csc,otp,totp,' +
      'mfa code,recovery code,backup code,recovery codes,encryption key,signing key,signing secret,' +
      'webhook secret,credential,credentials,contraseña,contrasena,mot passe,passwort,kennwort,senha,' +
      'wachtwoord,lösenord,hasło,haslo,пароль,密码,パスワード,card pin,pin,pin code,pin number,account pin,' +
      'shared secret,client key,app secret,api secret,consumer secret,db password,user password,seed phrase,' +
      'mnemonic,one time,master key,service key,license key,storage key,account key',
  },
  medical: {
    bits: hints.medical,
    words:
      'mrn,medical record,patient id,patient number,chart number,medicare,medicaid,health insurance',
    keys:
      'medical number,medical id,health record,health plan,member id,beneficiary id,patient mrn,hicn,mbi,' +
      'insurance member,insurance policy,subscriber id,medical card,record locator mrn',
  },
  ip: {
    bits: hints.ip,
    words: 'ip,ips,ipv4,ipv6,ip address',
    keys: 'remote addr,client addr,forwarded for',
  },
  mac: {
    bits: hints.mac,
    words: 'mac,mac address,bssid,hwaddr,ether',
    keys: 'hardware address,wifi mac',
  },
  bank: {
    bits: hints.bank,
    words:
      'routing,aba,rtn,account number,bank account,sort code,account no,acct,bsb,clabe,cbu,' +
      'ifsc,kontonummer,cuenta,routing number,transit number',
    keys: 'bank number,bank code,acct number,acct no,blz,bankleitzahl,account num,checking,iban number',
  },
  bic: { bits: hints.bic, words: 'bic,swift,swift code', keys: 'bic code,bank bic,bicswift' },
  passport: {
    bits: hints.passport,
    words:
      'passport,passports,pasaporte,passeport,reisepass,passaporto,paspoort,паспорт,护照,여권,passnummer,pasaport',
    keys: 'passport no,passport number,travel document',
  },
  license: {
    bits: id,
    words:
      'driver license,drivers license,driving licence,driving license,licence,dl,dln,permis,führerschein,' +
      'fuhrerschein,fuehrerschein,driver licence,drivers licence,driver s,운전면허,面許,carnet conducir',
    keys: 'license number,licence number,license no,dl number,driver lic',
  },
  vehicle: {
    bits: hints.vehicle,
    words:
      'vin,chassis,vehicle,plate,license plate,licence plate,number plate,registration,kennzeichen,plaka,kfz,' +
      'car,immatriculation,matricula,matrícula,vehicle identification',
    keys: 'vehicle id,plate number,car plate,reg no',
  },
  device: {
    bits: hints.device,
    words: 'imei,imeis,iccid,imsi,sim,esn,meid,device id,serial',
    keys: 'device serial,sim number,android id,idfa,gaid,advertising id,imei1,imei2',
  },
  crypto: {
    bits: hints.crypto,
    words:
      'bitcoin,btc,wallet,ethereum,eth,crypto,litecoin,ltc,dogecoin,monero,xmr,ripple,xrp,tron,usdt,cardano,solana',
    keys: 'wallet address,deposit address,payout address',
  },
  other: {
    bits: hints.other,
    words:
      'order,orders,invoice,claim,ticket,reference,ref,tracking,confirmation,transaction,booking,' +
      'reservation,receipt,po,sku,batch,lot,item,quote,incident,build,commit,isbn,ean,upc,gtin,case,' +
      'shipment,parcel,version,timestamp,bestellung,rechnung,commande,facture,pedido,factura,ordine',
    keys:
      'order id,order number,order no,invoice,invoice no,invoice number,sku,isbn,ean,upc,gtin,asin,tracking,' +
      'tracking number,ts,timestamp,created,updated,modified,created at,updated at,created ms,expires,' +
      'amount,amount cents,cents,price,total,bytes,size,count,offset,length,duration,latency,elapsed,' +
      'version,build,build id,trace id,span id,request id,commit,sha,sha1,sha256,md5,digest,checksum,etag,' +
      'hash,revision,lat,lon,lng,latitude,longitude,geo,coordinates,score,weight,seq,sequence,epoch,nonce,' +
      'port,quantity,qty,balance,rate,ratio,percent,page,limit,total count,user agent,release,firmware,oid,' +
      'batch,lot,part,part number,part no,product id,item id,uuid,guid,event id,time,date,year,correlation id',
  },
}
