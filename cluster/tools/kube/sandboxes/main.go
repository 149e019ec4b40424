// Sandboxes removes every pod of a container runtime through its CRI socket, so that the runtime
// itself takes down the pod's containers, network (CNI DEL), namespaces and mounts.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: sandboxes unix:///path/of/the/runtime.sock")
		os.Exit(64)
	}
	removed, err := removeAll(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "sandboxes:", err)
		os.Exit(1)
	}
	fmt.Println(removed)
}

func removeAll(address string) (int, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return 0, err
	}
	defer connection.Close()
	runtime := cri.NewRuntimeServiceClient(connection)
	pods, err := runtime.ListPodSandbox(ctx, &cri.ListPodSandboxRequest{}, grpc.WaitForReady(true))
	if err != nil {
		return 0, err
	}
	var failures []error
	for _, pod := range pods.Items {
		if err := remove(ctx, runtime, pod.Id); err != nil {
			failures = append(failures, fmt.Errorf("pod %s/%s: %w", pod.Metadata.Namespace, pod.Metadata.Name, err))
		}
	}
	return len(pods.Items), errors.Join(failures...)
}

func remove(ctx context.Context, runtime cri.RuntimeServiceClient, id string) error {
	// A sandbox whose network is already gone fails to stop; removing it is what counts.
	_, stopped := runtime.StopPodSandbox(ctx, &cri.StopPodSandboxRequest{PodSandboxId: id})
	if _, err := runtime.RemovePodSandbox(ctx, &cri.RemovePodSandboxRequest{PodSandboxId: id}); err != nil {
		return errors.Join(stopped, err)
	}
	return nil
}
