//! A real nginx with the manual's recipe.

use std::process::Command;

use tempfile::TempDir;

use super::process::Process;
use super::wait::until_listening;

const RECIPE: &str = include_str!("../../../src/manual/nginx.conf");
const HOSTS: [&str; 3] = ["app.localhost", "one.localhost", "two.localhost"];

#[derive(Debug)]
pub(crate) struct Nginx {
    _process: Process,
    _dir: TempDir,
}

impl Nginx {
    /// The recipe, with the ports of a test and without TLS, and with `changes`: what to replace by what.
    pub(crate) fn start(port: u16, gateway: u16, app: u16, changes: &[(&str, &str)]) -> Self {
        let dir = TempDir::new().unwrap();
        let mut site = RECIPE.to_owned();
        for (from, to) in [
            ("listen 443 ssl;", format!("listen 127.0.0.1:{port};").as_str()),
            ("ssl_certificate /etc/nginx/tls/app.example.com.pem;", ""),
            ("ssl_certificate_key /etc/nginx/tls/app.example.com.key;", ""),
            ("127.0.0.1:4180", &format!("127.0.0.1:{gateway}")),
            ("127.0.0.1:8080", &format!("127.0.0.1:{app}")),
        ]
        .iter()
        .chain(changes)
        {
            assert_eq!(site.matches(from).count(), 1, "the recipe has {from:?} once");
            site = site.replace(from, to);
        }
        // A server for each of the hosts.
        let begin = site.find("\nserver {").unwrap();
        let server = site.split_off(begin);
        for host in HOSTS {
            assert_eq!(server.matches("app.example.com").count(), 1);
            site.push_str(&server.replace("app.example.com", host));
        }
        let config = format!(
            "pid nginx.pid;\nerror_log stderr;\ndaemon off;\nmaster_process off;\nevents {{}}\nhttp {{\n\
             access_log off;\nclient_body_temp_path body;\nproxy_temp_path proxy;\nfastcgi_temp_path fastcgi;\n\
             uwsgi_temp_path uwsgi;\nscgi_temp_path scgi;\nproxy_cache_path cache keys_zone=answers:1m;\n{site}\n}}\n"
        );
        let file = dir.path().join("nginx.conf");
        std::fs::write(&file, config).unwrap();
        // Debian keeps it where only root's PATH looks.
        let path = format!("{}:/usr/sbin", std::env::var("PATH").unwrap_or_default());
        let process = Process::spawn(
            Command::new("nginx").env("PATH", path).arg("-p").arg(dir.path()).arg("-c").arg(&file),
        );
        until_listening("nginx", port);
        Self { _process: process, _dir: dir }
    }
}
