package main

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base32"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"strings"

	"github.com/secure-systems-lab/go-securesystemslib/encrypted"
)

const (
	privateType = "ENCRYPTED SIGSTORE PRIVATE KEY" // of cosign and containers/image
	keySize     = 32
	sumSize     = 3 // with it, the text has 56 letters: 14 groups of 4
)

// Crockford's letters: none looks like another.
var letters = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// A keyPair is printed as JSON and never written to a file.
type keyPair struct {
	Private string `json:"private"` // PEM, encrypted with the passphrase
	Public  string `json:"public"`  // PEM
	Text    string `json:"text"`    // the private key, to write down
}

func generateKey() error {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	passphrase, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	return printPair(private, passphrase)
}

// restoreKey reads the written text from the first line of stdin, and the passphrase from the rest.
func restoreKey() error {
	given, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	text, passphrase, _ := bytes.Cut(given, []byte("\n"))
	private, err := decode(string(text))
	if err != nil {
		return err
	}
	return printPair(private, passphrase)
}

// publicKey reads a private key (PEM) and its passphrase as JSON from stdin, and prints the public half as PEM.
func publicKey() error {
	given := struct{ Private, Passphrase string }{}
	if err := json.NewDecoder(os.Stdin).Decode(&given); err != nil {
		return err
	}
	block, _ := pem.Decode([]byte(given.Private))
	if block == nil {
		return errors.New("it is no whole PEM file")
	}
	inner, err := encrypted.Decrypt(block.Bytes, []byte(given.Passphrase))
	if err != nil {
		return fmt.Errorf("it cannot be decrypted: %w", err)
	}
	private, err := x509.ParsePKCS8PrivateKey(inner)
	if err != nil {
		return err
	}
	signer, ok := private.(crypto.Signer)
	if !ok {
		return errors.New("it is no key that signs")
	}
	public, err := x509.MarshalPKIXPublicKey(signer.Public())
	if err != nil {
		return err
	}
	return pem.Encode(os.Stdout, &pem.Block{Type: "PUBLIC KEY", Bytes: public})
}

func printPair(private *ecdsa.PrivateKey, passphrase []byte) error {
	inner, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return err
	}
	sealed, err := encrypted.Encrypt(inner, passphrase)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(keyPair{
		Private: string(pem.EncodeToMemory(&pem.Block{Type: privateType, Bytes: sealed})),
		Public:  string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})),
		Text:    encode(private),
	})
}

func encode(private *ecdsa.PrivateKey) string {
	number := private.D.FillBytes(make([]byte, keySize))
	text := letters.EncodeToString(append(number, sumOf(number)...))
	groups := []string{}
	for ; text != ""; text = text[4:] {
		groups = append(groups, text[:4])
	}
	return strings.Join(groups, "-")
}

func decode(text string) (*ecdsa.PrivateKey, error) {
	read := strings.NewReplacer("O", "0", "I", "1", "L", "1", "-", "", " ", "", "\t", "", "\r", "").Replace(strings.ToUpper(text))
	content, err := letters.DecodeString(read)
	if err != nil || len(content) != keySize+sumSize {
		return nil, fmt.Errorf("it has %d letters and digits; a backup key has 56, in 14 groups of 4", len(read))
	}
	number := content[:keySize]
	if !bytes.Equal(sumOf(number), content[keySize:]) {
		return nil, errors.New("a letter or digit is wrong: the checksum does not fit")
	}
	private := &ecdsa.PrivateKey{D: new(big.Int).SetBytes(number)}
	private.Curve = elliptic.P256()
	if private.D.Sign() == 0 || private.D.Cmp(private.Curve.Params().N) >= 0 {
		return nil, errors.New("it is no key of this curve")
	}
	private.X, private.Y = private.Curve.ScalarBaseMult(number)
	return private, nil
}

func sumOf(number []byte) []byte {
	sum := sha256.Sum256(number)
	return sum[:sumSize]
}
