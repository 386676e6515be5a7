// Tokens of npm saml and npm wsfed: `node saml_tokens.mjs <folder of keys> <issuer> <audience>` prints them as JSON, with the
// time at which they were made. The folder holds `first` (who signs) and `gateway` (who may read), each as `.pem` and `.der`.

import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { Saml11, Saml20 } from 'saml';
import wsfed from 'wsfed';

const [folder, issuer, audience] = process.argv.slice(2);
const certificate = (name) => Buffer.from(new X509Certificate(readFileSync(`${folder}/${name}.der`)).toString());
const key = readFileSync(`${folder}/first.pem`);
const cert = certificate('first');
const claims = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims';
const groups = 'http://schemas.microsoft.com/ws/2008/06/identity/claims/groups';

const said = {
  issuer,
  audiences: audience,
  lifetimeInSeconds: 600,
  nameIdentifier: 'alice@example.test',
  attributes: {
    [`${claims}/emailaddress`]: 'alice@example.test',
    [`${claims}/name`]: 'Zoë <Alice> & "李雷" 😀',
    [groups]: ['staff', 'readers'],
  },
};
const signed = {
  key,
  cert,
  signatureAlgorithm: 'rsa-sha256',
  digestAlgorithm: 'sha256',
};
const publicKey = new X509Certificate(readFileSync(`${folder}/gateway.der`)).publicKey.export({ type: 'spki', format: 'pem' });
const encrypted = (algorithm) => ({
  encryptionCert: certificate('gateway'),
  encryptionPublicKey: Buffer.from(publicKey),
  encryptionAlgorithm: algorithm,
  disallowEncryptionWithInsecureAlgorithm: false,
  warnOnInsecureEncryptionAlgorithm: false,
});
const GCM = 'http://www.w3.org/2009/xmlenc11#aes256-gcm';
const CBC = 'http://www.w3.org/2001/04/xmlenc#aes256-cbc';

const response = (token) =>
  '<t:RequestSecurityTokenResponse xmlns:t="http://schemas.xmlsoap.org/ws/2005/02/trust"><t:RequestedSecurityToken>' +
  `${token}</t:RequestedSecurityToken></t:RequestSecurityTokenResponse>`;

// What npm wsfed sends, without a server around it.
const posted = (options) =>
  new Promise((resolve, reject) => {
    const middleware = wsfed.auth({
      issuer,
      ...signed,
      getPostURL: (_realm, _reply, _request, done) => done(null, 'https://app.example.test/'),
      responseHandler: (_response, _url, _context, token) => resolve(token),
      ...options,
    });
    const user = {
      id: 'alice@example.test',
      displayName: 'Alice',
      name: { familyName: 'A', givenName: 'Alice' },
      emails: [{ value: 'alice@example.test' }],
    };
    middleware({ query: { wtrealm: audience, wctx: 'a"b<c>&' }, user }, { send: reject }, reject);
  });

const tokens = [];
for (const [version, maker] of [['1.1', Saml11], ['2.0', Saml20]]) {
  const create = promisify(maker.create);
  const make = async (name, more) => tokens.push({ name, version, wresult: response(await create({ ...said, ...signed, ...more })) });
  await make('saml');
  await make('saml sha1', { signatureAlgorithm: 'rsa-sha1', digestAlgorithm: 'sha1' });
  await make('saml gcm', encrypted(GCM));
  await make('saml cbc', encrypted(CBC));
}
tokens.push({ name: 'wsfed', version: '1.1', wresult: await posted({}) });
tokens.push({ name: 'wsfed jwt', version: '1.1', wresult: await posted({ jwt: true }) });
console.log(JSON.stringify({ now: Date.now(), tokens }));
