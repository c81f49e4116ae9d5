#include "media/steer_bpf.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PORTS 65536
#define TABLE_BYTES (PORTS * sizeof(uint64_t)) /* an entry of 4 bytes takes 8 */

/* One instruction each; the names are those of the kernel's documentation. */
#define INSN(c, d, s, o, i)                                                              \
	((struct bpf_insn){.code = (c),                                                  \
		.dst_reg = (unsigned char)(d)&0xfU,                                      \
		.src_reg = (unsigned char)(s)&0xfU,                                      \
		.off = (o),                                                              \
		.imm = (i)})
#define MOV(d, s) INSN(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define MOV_IMM(d, i) INSN(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define ADD_IMM(d, i) INSN(BPF_ALU64 | BPF_ADD | BPF_K, d, 0, 0, i)
#define LOAD(d, s, o) INSN(BPF_LDX | BPF_W | BPF_MEM, d, s, (short)(o), 0)
#define STORE(d, s, o) INSN(BPF_STX | BPF_W | BPF_MEM, d, s, (short)(o), 0)
#define JUMP_NE(d, i) INSN(BPF_JMP32 | BPF_JNE | BPF_K, d, 0, 0, i)
#define JUMP_EQ(d, i) INSN(BPF_JMP | BPF_JEQ | BPF_K, d, 0, 0, i)
#define CALL(f) INSN(BPF_JMP | BPF_CALL, 0, 0, 0, f)
#define EXIT INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
#define CONTEXT(field) offsetof(struct bpf_sk_lookup, field)

#define PROGRAM_MAX 64
#define LOAD_TRIES 10

struct program {
	struct bpf_insn insns[PROGRAM_MAX];
	unsigned count;
};

static int bpf(int command, union bpf_attr *attr)
{
	long result = syscall(SYS_bpf, command, attr, sizeof(*attr));

	return result < 0 ? -errno : (int)result;
}

static void emit(struct program *program, struct bpf_insn insn)
{
	program->insns[program->count++] = insn;
}

/* Two slots: a file descriptor as a 64-bit constant. */
static void emit_map(struct program *program, unsigned char reg, int fd)
{
	emit(program, INSN(BPF_LD | BPF_DW | BPF_IMM, reg, BPF_PSEUDO_MAP_FD, 0, fd));
	emit(program, INSN(0, 0, 0, 0, 0));
}

/* r0 = where MAP has the word at fp + OFFSET. */
static void emit_lookup(struct program *program, int map, int offset)
{
	emit_map(program, BPF_REG_1, map);
	emit(program, MOV(BPF_REG_2, BPF_REG_10));
	emit(program, ADD_IMM(BPF_REG_2, offset));
	emit(program, CALL(BPF_FUNC_map_lookup_elem));
}

/* The context's four bytes at OFFSET are those of ADDRESS: all words of an IPv6 address. */
static void emit_address(struct program *program, const struct addr *address)
{
	uint32_t words[4];
	unsigned count = 1, from = CONTEXT(local_ip4);

	if (addr_is_v6(address)) {
		count = 4;
		from = CONTEXT(local_ip6);
		memcpy(words, &address->v6.sin6_addr, sizeof(words));
	} else {
		memcpy(words, &address->v4.sin_addr, sizeof(words[0]));
	}
	for (unsigned i = 0; i < count; i++) {
		emit(program, LOAD(BPF_REG_2, BPF_REG_6, from + 4 * i));
		emit(program, JUMP_NE(BPF_REG_2, (int)words[i]));
	}
}

/* Every jump goes to the end: the packet is none of ours. */
static void land_jumps(struct program *program, unsigned end)
{
	for (unsigned i = 0; i < end; i++) {
		struct bpf_insn *insn = &program->insns[i];
		unsigned char class = BPF_CLASS(insn->code), op = BPF_OP(insn->code);

		if ((class == BPF_JMP || class == BPF_JMP32) &&
			(op == BPF_JNE || op == BPF_JEQ))
			insn->off = (short)(end - i - 1);
	}
}

/* r6: the context; r7: the socket; fp - 4: the port; fp - 8: the socket's index. */
static void write_program(struct program *program, const struct steer_bpf *steer)
{
	unsigned end;

	emit(program, MOV(BPF_REG_6, BPF_REG_1));
	emit(program, LOAD(BPF_REG_2, BPF_REG_6, CONTEXT(protocol)));
	emit(program, JUMP_NE(BPF_REG_2, IPPROTO_UDP));
	emit(program, LOAD(BPF_REG_2, BPF_REG_6, CONTEXT(family)));
	emit(program, JUMP_NE(BPF_REG_2, steer->address.sa.sa_family));
	emit_address(program, &steer->address);
	emit(program, LOAD(BPF_REG_2, BPF_REG_6, CONTEXT(local_port)));
	emit(program, STORE(BPF_REG_10, BPF_REG_2, -4));
	emit_lookup(program, steer->table_fd, -4);
	emit(program, JUMP_EQ(BPF_REG_0, 0));
	emit(program, LOAD(BPF_REG_2, BPF_REG_0, 0));
	emit(program, JUMP_EQ(BPF_REG_2, 0));
	emit(program, ADD_IMM(BPF_REG_2, -1));
	emit(program, STORE(BPF_REG_10, BPF_REG_2, -8));
	emit_lookup(program, steer->sockets_fd, -8);
	emit(program, JUMP_EQ(BPF_REG_0, 0));
	emit(program, MOV(BPF_REG_7, BPF_REG_0));
	emit(program, MOV(BPF_REG_1, BPF_REG_6));
	emit(program, MOV(BPF_REG_2, BPF_REG_7));
	emit(program, MOV_IMM(BPF_REG_3, 0));
	emit(program, CALL(BPF_FUNC_sk_assign));
	emit(program, MOV(BPF_REG_1, BPF_REG_7));
	emit(program, CALL(BPF_FUNC_sk_release));
	end = program->count;
	emit(program, MOV_IMM(BPF_REG_0, SK_PASS));
	emit(program, EXIT);
	land_jumps(program, end);
}

static int make_maps(struct steer_bpf *steer, const int *sockets, unsigned count)
{
	union bpf_attr attr = {.map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = sizeof(uint32_t),
		.value_size = sizeof(uint32_t),
		.max_entries = PORTS,
		.map_flags = BPF_F_MMAPABLE};
	void *table;

	steer->table_fd = bpf(BPF_MAP_CREATE, &attr);
	if (steer->table_fd < 0)
		return steer->table_fd;
	table = mmap(NULL, TABLE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED,
		steer->table_fd, 0);
	if (table == MAP_FAILED)
		return -errno;
	steer->table = table;
	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_SOCKMAP;
	attr.key_size = sizeof(uint32_t);
	attr.value_size = sizeof(uint64_t);
	attr.max_entries = count;
	steer->sockets_fd = bpf(BPF_MAP_CREATE, &attr);
	if (steer->sockets_fd < 0)
		return steer->sockets_fd;
	for (uint32_t i = 0; i < count; i++) {
		uint64_t value = (uint64_t)sockets[i];
		int err;

		memset(&attr, 0, sizeof(attr));
		attr.map_fd = (uint32_t)steer->sockets_fd;
		attr.key = (uint64_t)(uintptr_t)&i;
		attr.value = (uint64_t)(uintptr_t)&value;
		err = bpf(BPF_MAP_UPDATE_ELEM, &attr);
		if (err < 0)
			return err;
	}
	return 0;
}

static int load_program(struct steer_bpf *steer)
{
	struct program program = {.count = 0};
	union bpf_attr attr = {.prog_type = BPF_PROG_TYPE_SK_LOOKUP};
	unsigned tries = LOAD_TRIES;

	write_program(&program, steer);
	attr.expected_attach_type = BPF_SK_LOOKUP;
	attr.insns = (uint64_t)(uintptr_t)program.insns;
	attr.insn_cnt = program.count;
	attr.license = (uint64_t)(uintptr_t) "";
	memcpy(attr.prog_name, "tandem_steer", sizeof("tandem_steer"));
	/* The check of a program is given up for any pending work of this thread's. */
	do
		steer->program_fd = bpf(BPF_PROG_LOAD, &attr);
	while (steer->program_fd == -EAGAIN && --tries > 0);
	return steer->program_fd < 0 ? steer->program_fd : 0;
}

/* The link, and with it all this, ends with its descriptor. */
static int attach(struct steer_bpf *steer)
{
	int space = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	union bpf_attr attr;

	if (space < 0)
		return -errno;
	memset(&attr, 0, sizeof(attr));
	attr.link_create.prog_fd = (uint32_t)steer->program_fd;
	attr.link_create.target_fd = (uint32_t)space;
	attr.link_create.attach_type = BPF_SK_LOOKUP;
	steer->link_fd = bpf(BPF_LINK_CREATE, &attr);
	close(space);
	return steer->link_fd < 0 ? steer->link_fd : 0;
}

int steer_bpf_new(struct steer_bpf *ret, const struct addr *address, const int *sockets,
	unsigned count, struct err_text *text)
{
	struct steer_bpf steer = {.address = *address,
		.table_fd = -1,
		.sockets_fd = -1,
		.program_fd = -1,
		.link_fd = -1};
	int err = make_maps(&steer, sockets, count);

	if (err == 0)
		err = load_program(&steer);
	if (err == 0)
		err = attach(&steer);
	if (err != 0) {
		steer_bpf_free(&steer);
		return err_set(text, err,
			"BPF sk_lookup: %s (it needs Linux 5.9, CAP_BPF and "
			"CAP_NET_ADMIN)",
			err_str(err));
	}
	*ret = steer;
	return 0;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void steer_bpf_free(struct steer_bpf *steer)
{
	close_fd(steer->link_fd);
	close_fd(steer->program_fd);
	close_fd(steer->sockets_fd);
	if (steer->table)
		munmap(steer->table, TABLE_BYTES);
	close_fd(steer->table_fd);
}

/* The kernel reads the lower four bytes of an entry, whatever the order of bytes. */
static void write_entry(struct steer_bpf *steer, uint16_t port, uint32_t value)
{
	__atomic_store_n((uint32_t *)&steer->table[port], value, __ATOMIC_RELEASE);
}

void steer_bpf_set(struct steer_bpf *steer, uint16_t port, unsigned index)
{
	write_entry(steer, port, index + 1);
}

void steer_bpf_clear(struct steer_bpf *steer, uint16_t port)
{
	write_entry(steer, port, 0);
}
