/* Memory for one call: handed out from the front to the back, and only the last piece can be given back.
 *
 * An instance lives for one row, or for up to a thousand where a suite has it reused, and what it leaves behind goes with
 * it. A general allocator asks the system for memory once for every size of piece; here a call that needs less than what
 * the instance begins with asks for nothing, which is what lets several threads run such calls side by side.
 */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define PAGE 65536
#define ALIGNED(size) (((size) + 15) & ~(size_t)15)

extern unsigned char __heap_base;

/* Each piece begins with its size, in as many bytes as keep it aligned. */
typedef struct {
    size_t size;
    size_t unused[3];
} head;

static uintptr_t next;

static head *head_of(void *piece) {
    return (head *)piece - 1;
}

static int is_last(void *piece) {
    return (uintptr_t)piece + head_of(piece)->size == next;
}

/* Whether memory reaches up to there, grown where it has to. */
static int reaches(uintptr_t end) {
    uintptr_t size = (uintptr_t)__builtin_wasm_memory_size(0) * PAGE;
    if (end <= size) return 1;
    return __builtin_wasm_memory_grow(0, (end - size + PAGE - 1) / PAGE) != (size_t)-1;
}

void *malloc(size_t size) {
    if (next == 0) next = ALIGNED((uintptr_t)&__heap_base);
    uintptr_t piece = next + sizeof(head);
    if (size > PTRDIFF_MAX || !reaches(piece + ALIGNED(size))) return NULL;
    head_of((void *)piece)->size = ALIGNED(size);
    next = piece + ALIGNED(size);
    return (void *)piece;
}

void free(void *piece) {
    if (piece != NULL && is_last(piece)) next = (uintptr_t)head_of(piece);
}

void *calloc(size_t count, size_t size) {
    size_t all;
    if (__builtin_mul_overflow(count, size, &all)) return NULL;
    void *piece = malloc(all);
    return piece == NULL ? NULL : memset(piece, 0, all);
}

void *realloc(void *piece, size_t size) {
    if (piece == NULL) return malloc(size);
    size_t before = head_of(piece)->size;
    if (size <= before) return piece;
    if (size <= PTRDIFF_MAX && is_last(piece) && reaches((uintptr_t)piece + ALIGNED(size))) {
        head_of(piece)->size = ALIGNED(size);
        next = (uintptr_t)piece + ALIGNED(size);
        return piece;
    }
    void *other = malloc(size);
    return other == NULL ? NULL : memcpy(other, piece, before);
}

void *aligned_alloc(size_t alignment, size_t size) {
    return alignment <= 16 ? malloc(size) : NULL;
}
