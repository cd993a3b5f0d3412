#!/usr/bin/env bash
# Puts the package together: build.sh RELEASE PLUGINS PAGES FOLDER VERSION, in the root of the workspace.
#
# RELEASE has the programs, PLUGINS the plugins, as cargo built them, and PAGES what `cargo xtask man` made; the package becomes FOLDER/stratd_VERSION_ARCH.deb,
# whose name is the only line of the output. Equal input gives equal bytes. `cargo xtask deb` builds, then calls this.
# Needs dpkg-deb, binutils and gzip, and no root.
set -euo pipefail

release=$1 plugins=$2 pages=$3 folder=$4 version=$5
architecture=$(dpkg --print-architecture)
tree=$folder/tree
package=$folder/stratd_${version}_$architecture.deb
# what the SDK is made of, under the paths that it has in the source: `stratd plugin new --sdk` takes either
sdk_parts=(plugin-api plugin-api/abi crates/engine crates/orderbook crates/simulation crates/testkit)

umask 022
rm -rf "$tree"
mkdir -p "$tree/DEBIAN"

# put MODE FOLDER FILE…: the files of a folder
put() {
    local mode=$1 to=$tree/$2
    shift 2
    install -d -m 0755 "$to"
    install -m "$mode" -t "$to" "$@"
}
# put_as MODE FILE AS: a file under another name
put_as() { install -D -m "$1" "$2" "$tree/$3"; }
# Names of functions stay for backtraces; lines of the source are in what cargo built.
strip_code() { strip --strip-debug --remove-section=.comment "$@"; }

programs() {
    put 0755 usr/bin "$release/stratd" "$release/stratctl" "$release/stratd-synthetic" "$release/tea"
    put 0644 usr/lib/stratd/plugins "$plugins"/*.so
    strip_code "$tree"/usr/bin/* "$tree"/usr/lib/stratd/plugins/*.so
}

service() {
    put 0644 usr/lib/systemd/system systemd/*.service systemd/*.socket
    put_as 0644 systemd/stratd.sysusers usr/lib/sysusers.d/stratd.conf
    put_as 0644 systemd/stratd.tmpfiles usr/lib/tmpfiles.d/stratd.conf
    # drop-ins are for those who need them
    put 0644 usr/share/stratd/drop-ins systemd/stratd.service.d/*.conf
    put_as 0644 configs/stratd.toml etc/stratd/stratd.toml
    install -d -m 0755 "$tree/etc/stratd/conf.d" "$tree/usr/lib/stratd/conf.d"
}

# Pages for man, and completions where each shell looks for them.
conveniences() {
    local page program
    for page in "$pages"/man*/*; do
        install -d "$tree/usr/share/man/man${page##*.}"
        gzip -9n <"$page" >"$tree/usr/share/man/man${page##*.}/$(basename "$page").gz"
    done
    for program in stratd stratctl stratd-synthetic tea; do
        put_as 0644 "$pages/completions/$program.bash" usr/share/bash-completion/completions/$program
        put_as 0644 "$pages/completions/_$program" usr/share/zsh/vendor-completions/_$program
        put_as 0644 "$pages/completions/$program.fish" usr/share/fish/vendor_completions.d/$program.fish
    done
}

documents() {
    local documents=usr/share/doc/stratd date
    put 0644 $documents README.md docs/*.md
    put_as 0644 systemd/README.md $documents/systemd.md
    put_as 0644 systemd/debian/copyright $documents/copyright
    # what is as it is on purpose, with the reasons
    put_as 0644 systemd/debian/lintian-overrides usr/share/lintian/overrides/stratd
    put 0644 $documents/examples configs/*.toml
    put 0644 $documents/examples/logging configs/logging/*.toml
    put 0644 $documents/examples/data configs/data/*
    gzip -9n <CHANGELOG.md >"$tree/$documents/changelog.gz"
    # the package changes with the program and has no history of its own
    date=$(git log -1 --format=%aD 2>/dev/null || date -R -d @0)
    gzip -9n >"$tree/$documents/changelog.Debian.gz" <<END
stratd ($version) stable; urgency=medium

  * See changelog.gz.

 -- The stratd contributors <stratd@users.noreply.github.com>  $date
END
}

# The crates that a plugin in Rust needs, as a workspace of their own, and the header for C.
sdk() {
    local sdk=usr/share/stratd/sdk part list
    for part in "${sdk_parts[@]}"; do
        put 0644 "$sdk/$part" "$part/Cargo.toml"
        [[ ! -f $part/build.rs ]] || put 0644 "$sdk/$part" "$part/build.rs"
        # no tests: they need what is not here
        (cd "$part" && find src -name '*.rs' -exec install -D -m 0644 {} "$tree/$sdk/$part/{}" \;)
    done
    list=$(printf '"%s", ' "${sdk_parts[@]}")
    # the members of the source become these; dependencies that nobody inherits are not looked at
    awk -v members="members = [${list%, }]" '
        /^members = \[/ { print members; inside = 1 }
        !inside && !/^exclude = /
        inside && /^\]/ { inside = 0 }' Cargo.toml >"$tree/$sdk/Cargo.toml"
    # the versions that were tested; cargo drops from a copy what is not needed
    put 0644 "$sdk" Cargo.lock
    put 0644 "$sdk/include/stratd" plugin-api/abi/include/stratd/*
    put 0644 "$sdk/examples/c" plugins/c/*
}

# The newest version of the C library that a program or plugin names.
libc_version() {
    readelf -V "$tree"/usr/bin/* "$tree"/usr/lib/stratd/plugins/*.so | grep -o 'GLIBC_[0-9.]*' | sort -uV | tail -n 1 | cut -d _ -f 2
}

control() {
    local size
    put 0755 DEBIAN systemd/debian/{preinst,postinst,prerm,postrm}
    # nobody's changes are overwritten; and no secret is ever shipped in one of these
    (cd "$tree" && find etc -type f -printf '/%p\n' | sort) >"$tree/DEBIAN/conffiles"
    (cd "$tree" && find etc usr -type f -print0 | sort -z | xargs -0 md5sum) >"$tree/DEBIAN/md5sums"
    size=$(du -s --apparent-size -k --exclude=DEBIAN "$tree" | cut -f 1)
    sed -e "s/@VERSION@/$version/" -e "s/@ARCHITECTURE@/$architecture/" -e "s/@SIZE@/$size/" \
        -e "s/@LIBC@/$(libc_version)/" systemd/debian/control >"$tree/DEBIAN/control"
}

programs
service
conveniences
documents
sdk
control
chmod -R u=rwX,go=rX "$tree"
# times are those of the sources' last change
SOURCE_DATE_EPOCH=$(git log -1 --format=%at 2>/dev/null || echo 0)
export SOURCE_DATE_EPOCH
rm -f "$folder"/stratd_*.deb
dpkg-deb --root-owner-group -Zzstd --build "$tree" "$package" >/dev/null
rm -rf "$tree"
echo "$package"
