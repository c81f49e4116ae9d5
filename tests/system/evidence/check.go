// Checks a log of records by code that is none of Tandem's: the notes and trees of golang.org/x/mod/sumdb.
// check KEY FOLDER FILE...: the checkpoint in FOLDER is signed by KEY, its tiles have the root that it names, and each
// line of the files is the entry with its number. Prints how many.
package main

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func fail(format string, args ...interface{}) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
	os.Exit(1)
}

type tiles struct{ folder string }

func (t tiles) Height() int { return 8 }

func (t tiles) SaveTiles(list []tlog.Tile, data [][]byte) {}

func (t tiles) ReadTiles(list []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range list {
		// Their path names the height, which C2SP has left out.
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		data, err := os.ReadFile(filepath.Join(t.folder, path))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func main() {
	verifier, err := note.NewVerifier(os.Args[1])
	if err != nil {
		fail("key: %v", err)
	}
	text, err := os.ReadFile(filepath.Join(os.Args[2], "checkpoint"))
	if err != nil {
		fail("%v", err)
	}
	signed, err := note.Open(text, note.VerifierList(verifier))
	if err != nil {
		fail("checkpoint: %v", err)
	}
	lines := strings.Split(signed.Text, "\n")
	if lines[0] != verifier.Name() {
		fail("origin: %q", lines[0])
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		fail("size: %v", err)
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		fail("root: %q", lines[2])
	}
	tree := tlog.Tree{N: size}
	copy(tree.Hash[:], root)
	reader := tlog.TileHashReader(tree, tiles{os.Args[2]})

	var index int64
	for _, name := range os.Args[3:] {
		file, err := os.Open(name)
		if err != nil {
			fail("%v", err)
		}
		scanner := bufio.NewScanner(file)
		scanner.Buffer(nil, 1<<20)
		for scanner.Scan() {
			if index == size {
				fail("more records than are signed: %d", size)
			}
			hash := tlog.RecordHash(scanner.Bytes())
			stored, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, index)})
			if err != nil {
				fail("tiles: %v", err)
			}
			if stored[0] != hash {
				fail("record %d is another one", index)
			}
			index++
		}
		file.Close()
	}
	if index != size {
		fail("%d records, but %d are signed", index, size)
	}
	// A proof of theirs, checked by them: the tree is one for their own verifiers.
	if size > 0 {
		proof, err := tlog.ProveRecord(size, size/2, reader)
		if err != nil {
			fail("proof: %v", err)
		}
		leaf, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, size/2)})
		if err != nil || tlog.CheckRecord(proof, size, tree.Hash, size/2, leaf[0]) != nil {
			fail("proof: wrong")
		}
	}
	fmt.Println(size)
}
