# Acceptance test 17, the pages: the section of README.md that says how to install the service, word by word, and the
# commands of docs/operations.md.
. /share/tests/bed/lib.sh

# what a reader has copied to the machine
cd "$(mktemp -d)" || exit
cp /share/target/deb/*.deb /share/strategy-dips/*.so .

group "everything that README.md shows happens"
# the first block makes the package, where cargo is
follow /share/README.md "Install as a service" 2

group "and the commands of the operator's guide do what they should"
check "install" install_package
for heading in "Every day" "Who may do what" "Keys of exchanges" "Several daemons" "When it does not start"; do
    follow /share/docs/operations.md "$heading" 1
done
same "the service runs" "$(prop ActiveState)" active
same "the second as well" "$(prop ActiveState stratd@second.service)" active
check "its key is with it" test -r /run/credentials/stratd.service/exchange-key

finish
