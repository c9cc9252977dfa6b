#!/usr/bin/env bash
# Makes the certificates of this folder anew. They hold from 2020 to 2120; the authorities' keys are not kept, so all of
# them are made together. Needs OpenSSL 3 (`openssl ca`: `openssl x509` cannot set the first day before version 3.4).
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat >"$work/ca.cnf" <<END
[ca]
default_ca = tests
[tests]
database = $work/index.txt
new_certs_dir = $work
rand_serial = yes
unique_subject = no
default_md = sha256
policy = name
[name]
commonName = supplied
[authority]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:false
extendedKeyUsage = serverAuth
subjectAltName = DNS:localhost, IP:127.0.0.1
[other-host]
basicConstraints = critical, CA:false
extendedKeyUsage = serverAuth
subjectAltName = DNS:other.example
[client]
basicConstraints = critical, CA:false
extendedKeyUsage = clientAuth
END
touch "$work/index.txt"

# sign <file> <common name> <extensions> <key> <signing options...>
sign() {
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$4"
  openssl req -new -config /dev/null -subj "/CN=$2" -key "$4" -out "$work/request.pem"
  openssl ca -batch -notext -config "$work/ca.cnf" -startdate 20200101000000Z -enddate 21200101000000Z \
    -extensions "$3" -in "$work/request.pem" -out "$1" "${@:5}"
}

sign ca.pem "Test CA" authority "$work/ca-key.pem" -selfsign -keyfile "$work/ca-key.pem"
sign other-ca.pem "Other test CA" authority "$work/other-ca-key.pem" -selfsign -keyfile "$work/other-ca-key.pem"
for name in server other-host client; do
  sign "$name.pem" "$name" "$name" "$name-key.pem" -cert ca.pem -keyfile "$work/ca-key.pem"
done
chmod 644 ./*.pem
