#!/bin/sh
# Hook of mmdebstrap: hook.sh setup|customize ROOT. Gives a root file system the configuration that the published debian
# images carry. LOADLINE_CERTIFICATES names a folder with this machine's extra CA certificates; it may be empty.
set -eu
stage=$1
root=$2

# put MODE PATH: writes what it reads.
put() {
	mkdir -p "$root/${2%/*}"
	cat >"$root/$2"
	chmod "$1" "$root/$2"
}

# The setup stage runs before any package is unpacked: dpkg obeys this file from the first package on.
if [ "$stage" = setup ]; then
	put 0644 etc/dpkg/dpkg.cfg.d/docker-apt-speedup <<-'END'
		# An image build is started again after a crash, so dpkg need not wait for the disk.
		force-unsafe-io
	END
	# mmdebstrap is told to leave this file alone, so it also serves while the root is made.
	put 0755 usr/sbin/policy-rc.d <<-'END'
		#!/bin/sh
		# No service starts while packages are installed in an image.
		exit 101
	END
	exit 0
fi

put 0644 etc/apt/apt.conf.d/docker-autoremove-suggests <<-'END'
	# A package that is only suggested by another does not stay on autoremove.
	Apt::AutoRemove::SuggestsImportant "false";
END

put 0644 etc/apt/apt.conf.d/docker-clean <<-'END'
	# What apt downloads and caches does not stay in a layer.
	DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb /var/cache/apt/*.bin || true"; };
	APT::Update::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb /var/cache/apt/*.bin || true"; };
	Dir::Cache::pkgcache "";
	Dir::Cache::srcpkgcache "";
END

put 0644 etc/apt/apt.conf.d/docker-gzip-indexes <<-'END'
	# Package lists that a Dockerfile leaves behind stay compressed.
	Acquire::GzipIndexes "true";
END

put 0644 etc/apt/apt.conf.d/docker-no-languages <<-'END'
	# Translated package descriptions are not downloaded.
	Acquire::Languages "none";
END

# The published images name their sources in deb822 form since bookworm, and Dockerfiles edit that file.
awk '$1 == "deb" {
	printf "Types: deb\nURIs: %s\nSuites: %s\nComponents:", $2, $3
	for (i = 4; i <= NF; i++) printf " %s", $i
	print "\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n"
}' "$root/etc/apt/sources.list" | put 0644 etc/apt/sources.list.d/debian.sources
rm "$root/etc/apt/sources.list"

# mmdebstrap copies these two from the host. They stay as empty files, because a container's own are mounted over them.
put 0644 etc/hostname </dev/null
put 0644 etc/resolv.conf </dev/null

# With docker-clean in force, apt does not know its own caches any more, so mmdebstrap's cleaning would leave them.
rm -f "$root"/var/cache/apt/*.bin

if [ -n "$(ls "$LOADLINE_CERTIFICATES")" ]; then
	mkdir -p "$root/usr/local/share/ca-certificates"
	cp "$LOADLINE_CERTIFICATES"/*.crt "$root/usr/local/share/ca-certificates/"
	chmod 0644 "$root/usr/local/share/ca-certificates"/*.crt
fi
