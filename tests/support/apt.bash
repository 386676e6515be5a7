# For scripts that install what they need. They define `fail`; this is sourced.

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo -n "$@" || fail "sudo -n does not work here; as root: $*"
    else
        fail "this needs root, and there is no sudo: $*"
    fi
}

# install_packages PROGRAM:PACKAGE...: Debian's packages of the programs that are missing.
install_packages() {
    local missing=() entry
    for entry in "$@"; do
        command -v "${entry%%:*}" >/dev/null || missing+=("${entry##*:}")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    echo "$0: installing with apt-get: ${missing[*]}"
    command -v apt-get >/dev/null || fail "there is no apt-get here; install ${missing[*]} by hand"
    # Their services are not started: the tests run the programs themselves.
    local policy=/usr/sbin/policy-rc.d made=no
    if [ ! -e $policy ]; then
        made=yes
        printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
        as_root chmod 755 $policy
    fi
    local installed=yes
    as_root apt-get update -qq </dev/null &&
        as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null || installed=no
    [ $made = no ] || as_root rm -f $policy
    [ $installed = yes ] || fail "apt-get could not install ${missing[*]}; the tests need them"
}
