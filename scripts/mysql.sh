#!/usr/bin/env bash
# Prints the path of a real MySQL server, mysqld, and fetches it first if need be:
#
#   export NOREN_MYSQLD=$(scripts/mysql.sh)
#
# The packages come from Debian unstable, with pt-online-schema-change for the
# benchmark, into a folder of the user's cache. The system does not change: no
# root, no apt sources, no service. The server runs with the folder's own dynamic
# loader, so that the age of the system does not matter.
#
# DEBIAN_MIRROR is the mirror of the packages. Default: the mirror of the system's
# own packages.
set -euo pipefail

home=${XDG_CACHE_HOME:-$HOME/.cache}/noren/mysql
root=$home/root
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

if [ -x "$home/mysqld" ] && [ -x "$home/pt-online-schema-change" ]; then
  echo "$home/mysqld"
  exit
fi
if [ "$(dpkg --print-architecture 2>/dev/null)" != amd64 ] || [ ! -e "$keyring" ]; then
  echo "mysql.sh: wants Debian on amd64 with debian-archive-keyring; elsewhere install a MySQL and set NOREN_MYSQLD to its mysqld" >&2
  exit 1
fi

# shellcheck disable=SC2016 # apt-get fills in the name
mirror=${DEBIAN_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | head -n 1)}
if [ -z "$mirror" ]; then
  echo "mysql.sh: no Debian mirror among the system's sources: run apt-get update, or set DEBIAN_MIRROR" >&2
  exit 1
fi

mkdir -p "$home"
exec 9>"$home/lock"
flock 9 # another process may be fetching
if [ -x "$home/mysqld" ] && [ -x "$home/pt-online-schema-change" ]; then
  echo "$home/mysqld"
  exit
fi

apt=$home/apt
rm -rf "$apt" "$root"
mkdir -p "$apt/lists/partial" "$apt/archives/partial" "$apt/parts" "$root/usr/bin" "$root/usr/sbin" "$root/usr/lib" "$root/usr/lib64"
: >"$apt/status"
echo "deb [signed-by=$keyring] $mirror unstable main" >"$apt/sources.list"
cat >"$apt/apt.conf" <<CONF
Dir::State "$apt";
Dir::State::Lists "$apt/lists";
Dir::State::status "$apt/status";
Dir::Cache "$apt";
Dir::Cache::archives "$apt/archives";
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "$apt/parts";
Dir::Etc::preferences "$apt/none";
Dir::Etc::preferencesparts "$apt/parts";
Acquire::Languages "none";
Acquire::Retries "3";
APT::Sandbox::User "";
Debug::NoLocking "true";
CONF
export APT_CONFIG=$apt/apt.conf
echo "mysql.sh: fetching MySQL from $mirror (about 150 MB)" >&2
apt-get --quiet=2 update >&2
apt-get --quiet=2 --yes --download-only --no-install-recommends install \
  mysql-server-core mysql-client-core libc-bin perl percona-toolkit >&2

for folder in bin sbin lib lib64; do ln -s "usr/$folder" "$root/$folder"; done
for package in "$apt"/archives/*.deb; do
  dpkg-deb --fsys-tarfile "$package" | tar -x -C "$root" --keep-directory-symlink --no-same-owner
done
rm -rf "$apt"

libraries=$root/usr/lib/x86_64-linux-gnu
loader=$(find "$root/usr" -name 'ld-linux-x86-64.so.2' -type f | head -n 1)
perl=$(basename "$(find "$root/usr/share/perl" -maxdepth 1 -type d -name '5.*' | sort | tail -n 1)")
cat >"$home/pt-online-schema-change" <<RUN
#!/bin/sh
export PERL5LIB=$libraries/perl5/${perl%.*}:$root/usr/share/perl5:$libraries/perl/$perl:$root/usr/share/perl/$perl:$libraries/perl-base
export MARIADB_PLUGIN_DIR=$libraries/libmariadb3/plugin
exec $loader --library-path $libraries $root/usr/bin/perl $root/usr/bin/pt-online-schema-change "\$@"
RUN
cat >"$home/mysqld" <<RUN
#!/bin/sh
exec $loader --library-path $libraries:$libraries/mysql/private:$root/usr/lib/mysql/private $root/usr/sbin/mysqld "\$@" --basedir=$root/usr --lc-messages-dir=$root/usr/share/mysql --plugin-dir=$root/usr/lib/mysql/plugin
RUN
chmod +x "$home/mysqld" "$home/pt-online-schema-change"
"$home/mysqld" --version >&2
echo "$home/mysqld"
