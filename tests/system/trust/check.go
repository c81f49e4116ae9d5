// Checks what others vouch for by code that is none of Tandem's: notes and trees of golang.org/x/mod/sumdb.
//
// check handover OLD NEW FILE: both keys signed the checkpoint in FILE, a tlog-proof, its record is in that tree, and
// names both. Prints the record's number.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func fail(format string, args ...interface{}) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
	os.Exit(1)
}

func must(err error, what string) {
	if err != nil {
		fail("%s: %v", what, err)
	}
}

func hash(text string) tlog.Hash {
	var hash tlog.Hash
	data, err := base64.StdEncoding.DecodeString(text)
	must(err, "hash")
	if len(data) != tlog.HashSize {
		fail("hash: %q", text)
	}
	copy(hash[:], data)
	return hash
}

// tree reads the text of a checkpoint.
func tree(text string) (string, tlog.Tree) {
	lines := strings.Split(text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	must(err, "size")
	return lines[0], tlog.Tree{N: size, Hash: hash(lines[2])}
}

func verifier(key string) note.Verifier {
	verifier, err := note.NewVerifier(key)
	must(err, "key")
	return verifier
}

func handover(old, new, file string) {
	data, err := os.ReadFile(file)
	must(err, "read")
	parts := bytes.SplitN(data, []byte("\n\n"), 2)
	lines := strings.Split(string(parts[0]), "\n")
	if lines[0] != "c2sp.org/tlog-proof@v1" {
		fail("no proof: %q", lines[0])
	}
	record, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(lines[1], "extra "))
	must(err, "record")
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[2], "index "), 10, 64)
	must(err, "index")
	var proof tlog.RecordProof
	for _, line := range lines[3:] {
		proof = append(proof, hash(line))
	}
	signed, err := note.Open(parts[1], note.VerifierList(verifier(old), verifier(new)))
	must(err, "note")
	if len(signed.Sigs) != 2 {
		fail("%d signatures", len(signed.Sigs))
	}
	_, tree := tree(signed.Text)
	must(tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(record)), "proof")
	var said struct {
		Kind, Old, New string
		Seq            int64
	}
	must(json.Unmarshal(record, &said), "record")
	if said.Kind != "key" || said.Old != old || said.New != new || said.Seq != index {
		fail("record: %s", record)
	}
	fmt.Println(index)
}

func main() {
	switch os.Args[1] {
	case "handover":
		handover(os.Args[2], os.Args[3], os.Args[4])
	default:
		fail("no such command")
	}
}
