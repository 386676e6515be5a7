// An identity provider of WS-Federation made of npm `wsfed`, for the tests: it signs in whoever is named (`username`), or
// alice, and asks nobody for a password, whatever `wfresh` says. Its tokens are SAML 1.1, good for 8 hours, and say that
// credentials were entered when those hours are over. Its metadata are not signed.
//
//   node wsfed_idp.mjs <realm> <reply URL> <PEM file of its RSA key> <PEM file of its certificate>
//
// Prints `listening <URL>` once it listens, on a free loopback port. Ends when its standard input does.
//
//   GET  /FederationMetadata/2007-06/FederationMetadata.xml
//   GET  /wsfed           the passive endpoint, which knows one relying party
//   POST /control/tokens  JSON options of `wsfed` that count from now on: audience, lifetime, signatureAlgorithm, …

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import process from 'node:process';
import wsfed from 'wsfed';

const [realm, replyUrl, keyFile, certificateFile] = process.argv.slice(2);
const own = { issuer: 'urn:npm:wsfed', key: readFileSync(keyFile), cert: readFileSync(certificateFile) };

const getPostURL = (wtrealm, wreply, request, done) =>
  done(null, wtrealm === realm && wreply === replyUrl ? replyUrl : undefined);

const person = (name) => ({
  id: name,
  displayName: `${name} of wsfed`,
  emails: [{ value: `${name}@peer.example` }],
  login: `${name}@login.example`,
  groups: ['staff', 'finance'],
});

let tokens = {};

async function bodyOf(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts).toString();
}

const metadata = wsfed.metadata({ ...own, endpointPath: '/wsfed' });

const server = createServer(async (request, response) => {
  // As much of Express as `wsfed` asks for.
  response.set = (name, value) => response.setHeader(name, value);
  response.send = (status, body) =>
    body === undefined ? response.end(status) : response.writeHead(status).end(body);
  const refuse = (error) => response.writeHead(500).end(String(error));
  try {
    const { pathname, searchParams } = new URL(request.url, 'http://127.0.0.1');
    Object.assign(request, { originalUrl: request.url, protocol: 'http', query: Object.fromEntries(searchParams) });
    if (pathname === '/FederationMetadata/2007-06/FederationMetadata.xml') {
      metadata(request, response);
    } else if (pathname === '/wsfed' && request.query.wa === 'wsignin1.0') {
      request.user = person(request.query.username ?? 'alice');
      wsfed.auth({ ...own, ...tokens, getPostURL })(request, response, refuse);
    } else if (pathname === '/control/tokens') {
      tokens = JSON.parse(await bodyOf(request));
      response.writeHead(204).end();
    } else {
      response.writeHead(404).end();
    }
  } catch (error) {
    refuse(error);
  }
});

server.listen(0, '127.0.0.1', () => console.log(`listening http://127.0.0.1:${server.address().port}`));

process.stdin.on('end', () => process.exit(0)).resume();
