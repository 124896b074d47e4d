/* Stands for NVIDIA's libnvidia-ml.so.1: two GPUs, the second of which is lost once a file says so. */
#include <stdlib.h>
#include <unistd.h>

enum { SUCCESS = 0, NOT_SUPPORTED = 3, GPU_IS_LOST = 15 };

static int gpus[2] = {0, 1};

static int state(int *gpu)
{
    return *gpu == 1 && access(getenv("LOST_GPU"), F_OK) == 0 ? GPU_IS_LOST : SUCCESS;
}

int nvmlInitWithFlags(unsigned flags) { return SUCCESS; }
int nvmlShutdown(void) { return SUCCESS; }
const char *nvmlErrorString(int code) { return code == GPU_IS_LOST ? "GPU is lost" : "Not Supported"; }

int nvmlDeviceGetCount_v2(unsigned *count)
{
    *count = 2;
    return SUCCESS;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **gpu)
{
    *gpu = &gpus[index];
    return SUCCESS;
}

int nvmlDeviceGetMemoryInfo(int *gpu, unsigned long long *memory)
{
    memory[0] = 100000000, memory[1] = 75000000, memory[2] = 25000000; /* total, free, used */
    return state(gpu);
}

int nvmlDeviceGetUtilizationRates(int *gpu, unsigned *rates)
{
    rates[0] = 40 + *gpu, rates[1] = 0; /* of the GPU, of its memory */
    return state(gpu);
}

/* As in a part of a GPU. */
int nvmlDeviceGetPowerUsage(int *gpu, unsigned *milliwatts) { return NOT_SUPPORTED; }
int nvmlDeviceGetEnforcedPowerLimit(int *gpu, unsigned *milliwatts) { return NOT_SUPPORTED; }
