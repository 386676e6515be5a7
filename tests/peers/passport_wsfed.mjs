// A relying party of WS-Federation made of npm `passport-wsfed-saml2`, for the tests.
//
//   node passport_wsfed.mjs <identity provider URL> <realm> <SHA-1 thumbprint of its certificate, hexadecimal>
//
// Prints `listening <URL>` once it listens, on a free loopback port. Ends when its standard input does.
//
//   GET  /sign-in?<more>  sends the browser to the identity provider, with whatever more in the query
//   POST /callback        {"profile": …} or {"error": "…"}: what it makes of the response

import { createServer } from 'node:http';
import process from 'node:process';
import { Strategy } from 'passport-wsfed-saml2';

const [identityProviderUrl, realm, thumbprint] = process.argv.slice(2);

let origin;

function strategy(outcome) {
  const options = {
    realm,
    identityProviderUrl,
    thumbprints: [thumbprint],
    wreply: `${origin}/callback`,
    recipientUrl: `${origin}/callback`,
    clockSkew: 0,
  };
  const made = new Strategy(options, (profile, done) => done(null, profile));
  made.success = (profile) => outcome(200, { profile });
  made.fail = (challenge) => outcome(403, { error: String(challenge?.message ?? challenge) });
  made.error = (error) => outcome(403, { error: String(error.message) });
  return made;
}

async function formOf(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Object.fromEntries(new URLSearchParams(Buffer.concat(parts).toString()));
}

const server = createServer(async (request, response) => {
  const outcome = (status, body) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  try {
    const url = new URL(request.url, origin);
    const made = strategy(outcome);
    if (url.pathname === '/sign-in') {
      made.redirect = (location) => response.writeHead(302, { location }).end();
      made.authenticate({ method: 'GET', headers: request.headers }, Object.fromEntries(url.searchParams));
    } else if (request.method === 'POST' && url.pathname === '/callback') {
      const body = await formOf(request);
      made.authenticate({ method: 'POST', headers: request.headers, url: request.url, body }, {});
    } else {
      outcome(404, { error: 'there is nothing here' });
    }
  } catch (error) {
    outcome(403, { error: String(error) });
  }
});

server.listen(0, '127.0.0.1', () => {
  origin = `http://127.0.0.1:${server.address().port}`;
  console.log(`listening ${origin}`);
});

process.stdin.on('end', () => process.exit(0)).resume();
