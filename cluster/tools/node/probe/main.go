// Probe is what the cluster's own tests run in their pods: one small static program, because there
// is no registry to pull an image from. It exits 0 and prints one line if what it is asked for works. What
// goes over the network is tried for ten seconds: a service is reached some time after it is made.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	usage          = "probe resolve NAME | probe api HOST | probe get URL | probe write FILE TEXT | probe serve ADDRESS | probe eat MEBIBYTES | probe env NAME | probe wait"
	serviceAccount = "/var/run/secrets/kubernetes.io/serviceaccount"
	timeout        = 10 * time.Second
	pause          = 200 * time.Millisecond
)

func main() {
	line, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "probe:", err)
		os.Exit(1)
	}
	fmt.Println(line)
}

func run(args []string) (string, error) {
	switch {
	case len(args) == 2 && args[0] == "resolve":
		return resolve(args[1])
	case len(args) == 2 && args[0] == "api":
		return version(args[1])
	case len(args) == 2 && args[0] == "get":
		return get(&http.Client{Timeout: timeout}, args[1], "")
	case len(args) == 3 && args[0] == "write":
		return write(args[1], args[2])
	case len(args) == 2 && args[0] == "serve":
		return serve(args[1])
	case len(args) == 2 && args[0] == "eat":
		return eat(args[1])
	case len(args) == 2 && args[0] == "env":
		return args[1] + "=" + os.Getenv(args[1]), nil
	case len(args) == 1 && args[0] == "wait":
		return waitForSignal(), nil
	}
	return "", errors.New(usage)
}

func resolve(name string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	addresses, err := net.DefaultResolver.LookupHost(ctx, name)
	if err != nil {
		return "", err
	}
	return name + " is " + strings.Join(addresses, " "), nil
}

// version asks the API server, with the pod's own token and CA as any client in a pod would.
func version(host string) (string, error) {
	token, err := os.ReadFile(filepath.Join(serviceAccount, "token"))
	if err != nil {
		return "", err
	}
	ca, err := os.ReadFile(filepath.Join(serviceAccount, "ca.crt"))
	if err != nil {
		return "", err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca) {
		return "", errors.New("ca.crt holds no certificate")
	}
	client := &http.Client{
		Timeout:   timeout,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}},
	}
	return get(client, "https://"+host+"/version", string(token))
}

func get(client *http.Client, url, token string) (string, error) {
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := connect(client, request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 4096))
	if err != nil {
		return "", err
	}
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s answered %s: %s", url, response.Status, body)
	}
	return strings.Join(strings.Fields(string(body)), " "), nil
}

// connect sends the request until there is somebody to answer it.
func connect(client *http.Client, request *http.Request) (*http.Response, error) {
	for until := time.Now().Add(timeout); ; time.Sleep(pause) {
		response, err := client.Do(request)
		if err == nil || time.Now().After(until) {
			return response, err
		}
	}
}

func write(file, text string) (string, error) {
	if err := os.WriteFile(file, []byte(text), 0o640); err != nil {
		return "", err
	}
	read, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	if string(read) != text {
		return "", fmt.Errorf("%s holds %q, not %q", file, read, text)
	}
	return fmt.Sprintf("uid %d wrote %s", os.Getuid(), file), nil
}

// eat uses memory, so that a limit can be seen to hold.
func eat(mebibytes string) (string, error) {
	size, err := strconv.Atoi(mebibytes)
	if err != nil {
		return "", err
	}
	memory := make([]byte, size<<20)
	for i := 0; i < len(memory); i += os.Getpagesize() {
		memory[i] = 1
	}
	return fmt.Sprintf("ate %d MiB", len(memory)>>20), nil
}

func serve(address string) (string, error) {
	go waitAndExit()
	return "", http.ListenAndServe(address, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "served by the probe")
	}))
}

func waitForSignal() string {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	return "left on " + (<-signals).String()
}

func waitAndExit() {
	fmt.Println(waitForSignal())
	os.Exit(0)
}
