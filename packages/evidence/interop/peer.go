// Peer answers what our tests ask about notes, trees and tiles with golang.org/x/mod/sumdb alone.
// One JSON request a line on standard input, one JSON reply a line on standard output.
package main

import (
	"bufio"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type request struct {
	Op        string
	Name      string
	Text      string
	Keys      []string
	Skey      string
	Entries   [][]byte
	Index     int64
	Size1     int64
	Size2     int64
	Root1     []byte
	Root2     []byte
	Proof     [][]byte
	Folder    string
	Positions []int64
}

type reply struct {
	Error string
	Text  string
	Names []string
	Times []uint64
	Skey  string
	Vkey  string
	Root  []byte
	Proof [][]byte
	Tiles map[string][]byte
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 64<<20)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var asked request
		answer, err := reply{}, json.Unmarshal(lines.Bytes(), &asked)
		if err == nil {
			answer, err = serve(asked)
		}
		if err != nil {
			answer = reply{Error: err.Error()}
		}
		if out.Encode(answer) != nil {
			os.Exit(1)
		}
	}
}

func serve(asked request) (reply, error) {
	switch asked.Op {
	case "generate":
		skey, vkey, err := note.GenerateKey(rand.Reader, asked.Name)
		return reply{Skey: skey, Vkey: vkey}, err
	case "sign":
		return sign(asked)
	case "open":
		return open(asked)
	case "proveRecord":
		return proveRecord(asked)
	case "checkRecord":
		root, err := hashOf(asked.Root2)
		if err != nil {
			return reply{}, err
		}
		proof, err := hashesOf(asked.Proof)
		if err != nil {
			return reply{}, err
		}
		leaf := tlog.RecordHash(asked.Entries[0])
		return reply{}, tlog.CheckRecord(proof, asked.Size2, root, asked.Index, leaf)
	case "proveTree":
		return proveTree(asked)
	case "checkTree":
		return reply{}, checkTree(asked)
	case "tiles":
		return tiles(asked)
	case "readTiles":
		return readTiles(asked)
	}
	return reply{}, errors.New("unknown operation")
}

func sign(asked request) (reply, error) {
	signer, err := note.NewSigner(asked.Skey)
	if err != nil {
		return reply{}, err
	}
	signed, err := note.Sign(&note.Note{Text: asked.Text}, signer)
	return reply{Text: string(signed)}, err
}

func open(asked request) (reply, error) {
	var known []note.Verifier
	times := map[string]uint64{}
	for _, key := range asked.Keys {
		verifier, err := newVerifier(key, times)
		if err != nil {
			return reply{}, err
		}
		known = append(known, verifier)
	}
	opened, err := note.Open([]byte(asked.Text), note.VerifierList(known...))
	if err != nil {
		return reply{}, err
	}
	answer := reply{Text: opened.Text}
	for _, signature := range opened.Sigs {
		answer.Names = append(answer.Names, signature.Name)
		answer.Times = append(answer.Times, times[signature.Name])
	}
	return answer, nil
}

// A cosigner is a verifier that sumdb/note does not know: c2sp.org/tlog-cosignature, Ed25519.
type cosigner struct {
	name  string
	id    uint32
	key   ed25519.PublicKey
	times map[string]uint64
}

func (c cosigner) Name() string    { return c.name }
func (c cosigner) KeyHash() uint32 { return c.id }
func (c cosigner) Verify(msg, signature []byte) bool {
	if len(signature) != 8+ed25519.SignatureSize {
		return false
	}
	time := binary.BigEndian.Uint64(signature)
	c.times[c.name] = time
	signed := fmt.Sprintf("cosignature/v1\ntime %d\n%s", time, msg)
	return ed25519.Verify(c.key, []byte(signed), signature[8:])
}

func newVerifier(vkey string, times map[string]uint64) (note.Verifier, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return nil, errors.New("malformed key")
	}
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(key) == 0 || key[0] != 4 {
		return note.NewVerifier(vkey)
	}
	sum := sha256.Sum256(append([]byte(parts[0]+"\n"), key...))
	id := binary.BigEndian.Uint32(sum[:])
	if fmt.Sprintf("%08x", id) != parts[1] || len(key) != 1+ed25519.PublicKeySize {
		return nil, errors.New("malformed cosigner key")
	}
	return cosigner{parts[0], id, key[1:], times}, nil
}

// A store holds every hash of a tree, in the order of tlog.StoredHashIndex.
type store []tlog.Hash

func (s store) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for at, index := range indexes {
		hashes[at] = s[index]
	}
	return hashes, nil
}

func newStore(entries [][]byte) (store, error) {
	var all store
	for n, entry := range entries {
		hashes, err := tlog.StoredHashes(int64(n), entry, all)
		if err != nil {
			return nil, err
		}
		all = append(all, hashes...)
	}
	return all, nil
}

func proveRecord(asked request) (reply, error) {
	all, err := newStore(asked.Entries)
	if err != nil {
		return reply{}, err
	}
	size := int64(len(asked.Entries))
	proof, err := tlog.ProveRecord(size, asked.Index, all)
	if err != nil {
		return reply{}, err
	}
	root, err := tlog.TreeHash(size, all)
	return reply{Root: root[:], Proof: bytesOf(proof)}, err
}

func proveTree(asked request) (reply, error) {
	all, err := newStore(asked.Entries)
	if err != nil {
		return reply{}, err
	}
	proof, err := tlog.ProveTree(asked.Size2, asked.Size1, all)
	return reply{Proof: bytesOf(proof)}, err
}

func checkTree(asked request) error {
	earlier, err := hashOf(asked.Root1)
	if err != nil {
		return err
	}
	later, err := hashOf(asked.Root2)
	if err != nil {
		return err
	}
	proof, err := hashesOf(asked.Proof)
	if err != nil {
		return err
	}
	return tlog.CheckTree(proof, asked.Size2, later, asked.Size1, earlier)
}

// Tiles of a growth, under the paths of c2sp.org/tlog-tiles.
func tiles(asked request) (reply, error) {
	all, err := newStore(asked.Entries)
	if err != nil {
		return reply{}, err
	}
	made := map[string][]byte{}
	for _, tile := range tlog.NewTiles(8, asked.Size1, asked.Size2) {
		bytes, err := tlog.ReadTileData(tile, all)
		if err != nil {
			return reply{}, err
		}
		made[pathOf(tile)] = bytes
	}
	return reply{Tiles: made}, nil
}

// Sumdb writes the height of a tile before its level; tlog-tiles has one height only.
func pathOf(tile tlog.Tile) string {
	return "tile/" + strings.TrimPrefix(tile.Path(), "tile/8/")
}

// A folder of ours, read as TileHashReader reads a server: every tile is checked against the root.
type folder string

func (folder) Height() int                         { return 8 }
func (folder) SaveTiles(_ []tlog.Tile, _ [][]byte) {}
func (f folder) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var read [][]byte
	for _, tile := range wanted {
		bytes, err := os.ReadFile(filepath.Join(string(f), pathOf(tile)))
		if err != nil {
			return nil, err
		}
		read = append(read, bytes)
	}
	return read, nil
}

func readTiles(asked request) (reply, error) {
	root, err := hashOf(asked.Root2)
	if err != nil {
		return reply{}, err
	}
	reader := tlog.TileHashReader(tlog.Tree{N: asked.Size2, Hash: root}, folder(asked.Folder))
	indexes := make([]int64, len(asked.Positions))
	for at, position := range asked.Positions {
		indexes[at] = tlog.StoredHashIndex(0, position)
	}
	hashes, err := reader.ReadHashes(indexes)
	return reply{Proof: bytesOf(hashes)}, err
}

func hashOf(bytes []byte) (hash tlog.Hash, err error) {
	if copy(hash[:], bytes) != len(hash) || len(bytes) != len(hash) {
		err = errors.New("a hash is not 32 bytes")
	}
	return hash, err
}

func hashesOf(list [][]byte) (hashes []tlog.Hash, err error) {
	for _, bytes := range list {
		hash, err := hashOf(bytes)
		if err != nil {
			return nil, err
		}
		hashes = append(hashes, hash)
	}
	return hashes, nil
}

func bytesOf(hashes []tlog.Hash) [][]byte {
	list := make([][]byte, len(hashes))
	for at := range hashes {
		list[at] = hashes[at][:]
	}
	return list
}
