// Checks what others vouch for by code that is none of Tandem's: notes and trees of golang.org/x/mod/sumdb.
//
// check handover OLD NEW FILE: both keys signed the checkpoint in FILE, a tlog-proof, its record is in that tree, and
// names both. Prints the record's number.
//
// check cosigned KEY WITNESS FILE: the note in FILE is signed by KEY, and cosigned by WITNESS (C2SP tlog-cosignature).
// Prints its size.
//
// check witness ADDRESS NAME KEY: a witness (C2SP tlog-witness) of the log with KEY, after the specification. Prints its key.
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

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

// A key for cosignatures: type 0x04.
type cosigner struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func cosignerOf(name string, key ed25519.PublicKey) cosigner {
	sum := sha256.Sum256(append([]byte(name+"\n\x04"), key...))
	return cosigner{name, binary.BigEndian.Uint32(sum[:]), key}
}

func (c cosigner) text() string {
	return fmt.Sprintf("%s+%08x+%s", c.name, c.hash,
		base64.StdEncoding.EncodeToString(append([]byte{4}, c.key...)))
}

func message(text []byte, seconds uint64) []byte {
	return append([]byte(fmt.Sprintf("cosignature/v1\ntime %d\n", seconds)), text...)
}

func (c cosigner) Name() string    { return c.name }
func (c cosigner) KeyHash() uint32 { return c.hash }
func (c cosigner) Verify(text, signature []byte) bool {
	return len(signature) == 8+ed25519.SignatureSize &&
		ed25519.Verify(c.key, message(text, binary.BigEndian.Uint64(signature)), signature[8:])
}

func readCosigner(text string) cosigner {
	parts := strings.SplitN(text, "+", 3)
	if len(parts) != 3 {
		fail("no key of a witness: %q", text)
	}
	data, err := base64.StdEncoding.DecodeString(parts[2])
	must(err, "key of the witness")
	if len(data) != 33 || data[0] != 4 {
		fail("the key of a witness is of type 4")
	}
	c := cosignerOf(parts[0], data[1:])
	if fmt.Sprintf("%08x", c.hash) != parts[1] {
		fail("its id is %08x", c.hash)
	}
	return c
}

func cosigned(key, witness, file string) {
	text, err := os.ReadFile(file)
	must(err, "read")
	signed, err := note.Open(text, note.VerifierList(verifier(key), readCosigner(witness)))
	must(err, "note")
	if len(signed.Sigs) != 2 {
		fail("%d signatures that are known", len(signed.Sigs))
	}
	origin, tree := tree(signed.Text)
	if origin != verifier(key).Name() {
		fail("origin: %q", origin)
	}
	fmt.Println(tree.N)
}

func witness(address, name, key string) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	must(err, "key")
	me := cosignerOf(name, public)
	log := verifier(key)
	var lock sync.Mutex
	var last tlog.Tree
	last.Hash = sha256.Sum256(nil)
	http.HandleFunc("/add-checkpoint", func(w http.ResponseWriter, r *http.Request) {
		lock.Lock()
		defer lock.Unlock()
		body, _ := io.ReadAll(r.Body)
		parts := bytes.SplitN(body, []byte("\n\n"), 2)
		lines := strings.Split(string(parts[0]), "\n")
		old, err := strconv.ParseInt(strings.TrimPrefix(lines[0], "old "), 10, 64)
		if r.Method != "POST" || err != nil || len(parts) != 2 {
			w.WriteHeader(400)
			return
		}
		signed, err := note.Open(parts[1], note.VerifierList(log))
		if err != nil {
			w.WriteHeader(403)
			return
		}
		origin, now := tree(signed.Text)
		if origin != log.Name() {
			w.WriteHeader(404)
			return
		}
		if old != last.N || (old == now.N && now.Hash != last.Hash) {
			w.Header().Set("Content-Type", "text/x.tlog.size")
			w.WriteHeader(409)
			fmt.Fprintf(w, "%d\n", last.N)
			return
		}
		var proof tlog.TreeProof
		for _, line := range lines[1:] {
			proof = append(proof, hash(line))
		}
		if old == 0 || old == now.N {
			if len(proof) > 0 {
				w.WriteHeader(422)
				return
			}
		} else if tlog.CheckTree(proof, now.N, now.Hash, last.N, last.Hash) != nil {
			w.WriteHeader(422)
			return
		}
		last = now
		seconds := uint64(time.Now().Unix())
		line := binary.BigEndian.AppendUint32(nil, me.hash)
		line = binary.BigEndian.AppendUint64(line, seconds)
		line = append(line, ed25519.Sign(private, message([]byte(signed.Text), seconds))...)
		fmt.Fprintf(w, "\u2014 somebody.example.com %s\n\u2014 %s %s\n",
			base64.StdEncoding.EncodeToString(line), me.name, base64.StdEncoding.EncodeToString(line))
	})
	fmt.Println(me.text())
	must(http.ListenAndServe(address, nil), "listen")
}

func main() {
	switch os.Args[1] {
	case "handover":
		handover(os.Args[2], os.Args[3], os.Args[4])
	case "cosigned":
		cosigned(os.Args[2], os.Args[3], os.Args[4])
	case "witness":
		witness(os.Args[2], os.Args[3], os.Args[4])
	default:
		fail("no such command")
	}
}
