# Acceptance test 17, the page: the section of README.md that says how to install the service, word by word.
. /share/tests/bed/lib.sh

# what a reader has copied to the machine
cd "$(mktemp -d)" || exit
cp /share/target/deb/*.deb /share/strategy-dips/*.so .

group "everything that README.md shows happens"
# the first block makes the package, where cargo is
follow /share/README.md "Install as a service" 2

finish
