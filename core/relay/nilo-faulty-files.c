/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-faulty-files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define SECTOR_SIZE 512

typedef struct {
    grefcount ref_count;
    GByteArray *now;     /* what a reader sees */
    GByteArray *durable; /* what was flushed */
} Node;

/* a change of names, not yet flushed */
typedef struct {
    char *path;
    Node *node; /* NULL: removed */
    char *gone; /* (nullable): removed in the same step */
} Change;

struct _NiloFaultyFiles {
    NiloJournalFiles table;
    GMutex mutex;
    GRand *random;
    GHashTable *names;         /* path -> Node */
    GHashTable *durable_names; /* path -> Node */
    GPtrArray *changes;        /* element-type Change */
    GPtrArray *open;           /* element-type Node (nullable), by number */
    gint power;
    gint64 capacity;
    gboolean read_only;
    guint bad_syncs;
    guint bad_reads;
};

static Node *
node_new(void)
{
    Node *self = g_new0(Node, 1);

    g_ref_count_init(&self->ref_count);
    self->now = g_byte_array_new();
    self->durable = g_byte_array_new();
    return self;
}

static Node *
node_ref(Node *self)
{
    g_ref_count_inc(&self->ref_count);
    return self;
}

static void
node_unref(gpointer data)
{
    Node *self = data;

    if (self == NULL || !g_ref_count_dec(&self->ref_count))
        return;
    g_byte_array_unref(self->now);
    g_byte_array_unref(self->durable);
    g_free(self);
}

static void
change_free(gpointer data)
{
    Change *self = data;

    g_free(self->path);
    g_free(self->gone);
    node_unref(self->node);
    g_free(self);
}

static NiloFaultyFiles *
get_self(NiloJournalFiles *table)
{
    return (NiloFaultyFiles *)(gpointer)table;
}

static void
apply_change(GHashTable *names, const Change *change)
{
    if (change->gone != NULL)
        g_hash_table_remove(names, change->gone);
    if (change->node != NULL)
        g_hash_table_insert(names, g_strdup(change->path), node_ref(change->node));
    else
        g_hash_table_remove(names, change->path);
}

static void
make_change(NiloFaultyFiles *self, const char *path, Node *node, const char *gone)
{
    Change *change = g_new0(Change, 1);

    change->path = g_strdup(path);
    change->gone = g_strdup(gone);
    change->node = node != NULL ? node_ref(node) : NULL;
    apply_change(self->names, change);
    g_ptr_array_add(self->changes, change);
}

/* whether a change may happen now: 0 or a negative errno */
static int
spend_power(NiloFaultyFiles *self)
{
    if (self->power == 0)
        return -EIO;
    if (self->read_only)
        return -EROFS;
    if (self->power > 0)
        self->power--;
    return 0;
}

static Node *
get_node(NiloFaultyFiles *self, int file)
{
    return file >= 0 && (guint)file < self->open->len ? self->open->pdata[file] : NULL;
}

static int
faulty_make_folder(NiloJournalFiles *table, const char *path)
{
    return 0;
}

static int
add_open(NiloFaultyFiles *self, Node *node)
{
    g_ptr_array_add(self->open, node_ref(node));
    return (int)self->open->len - 1;
}

static int
open_locked(NiloFaultyFiles *self, const char *path, int flags)
{
    Node *node = g_hash_table_lookup(self->names, path);
    int result;

    if (self->power == 0)
        return -EIO;
    if (node == NULL && (flags & O_CREAT) == 0)
        return -ENOENT;
    if ((flags & O_ACCMODE) != O_RDONLY && self->read_only)
        return -EROFS;
    if (node == NULL) {
        result = spend_power(self);
        if (result < 0)
            return result;
        node = node_new();
        make_change(self, path, node, NULL);
        node_unref(node);
    } else if ((flags & O_TRUNC) != 0) {
        result = spend_power(self);
        if (result < 0)
            return result;
        g_byte_array_set_size(node->now, 0);
    }
    return add_open(self, node);
}

static int
faulty_open(NiloJournalFiles *table, const char *path, int flags)
{
    NiloFaultyFiles *self = get_self(table);
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);

    return open_locked(self, path, flags);
}

static int
faulty_lock(NiloJournalFiles *table, const char *path)
{
    NiloFaultyFiles *self = get_self(table);
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);
    Node *node = node_new();
    const int file = add_open(self, node);

    node_unref(node);
    return file;
}

static int
faulty_close(NiloJournalFiles *table, int file)
{
    NiloFaultyFiles *self = get_self(table);
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);

    if (get_node(self, file) == NULL)
        return -EBADF;
    g_clear_pointer(&self->open->pdata[file], node_unref);
    return 0;
}

static gssize
faulty_read(NiloJournalFiles *table, int file, void *bytes, gsize size, gint64 offset)
{
    NiloFaultyFiles *self = get_self(table);
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);
    const Node *node = get_node(self, file);

    if (node == NULL || self->power == 0 || self->bad_reads > 0) {
        self->bad_reads -= self->bad_reads > 0;
        return -EIO;
    }
    if (offset >= node->now->len)
        return 0;
    size = MIN(size, node->now->len - (gsize)offset);
    memcpy(bytes, node->now->data + offset, size);
    return (gssize)size;
}

static gint64
count_used(NiloFaultyFiles *self)
{
    GHashTableIter iter;
    gpointer node;
    gint64 used = 0;

    g_hash_table_iter_init(&iter, self->names);
    while (g_hash_table_iter_next(&iter, NULL, &node))
        used += ((Node *)node)->now->len;
    return used;
}

static int
grow(NiloFaultyFiles *self, Node *node, gsize size)
{
    const gsize old_size = node->now->len;

    if (size <= old_size)
        return 0;
    if (count_used(self) + (gint64)(size - old_size) > self->capacity)
        return -ENOSPC;
    g_byte_array_set_size(node->now, (guint)size);
    memset(node->now->data + old_size, 0, size - old_size);
    return 0;
}

static gssize
faulty_write(NiloJournalFiles *table, int file, const void *bytes, gsize size, gint64 offset)
{
    NiloFaultyFiles *self = get_self(table);
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);
    Node *node = get_node(self, file);
    int result;

    if (node == NULL)
        return -EIO;
    result = spend_power(self);
    if (result == 0)
        result = grow(self, node, (gsize)offset + size);
    if (result < 0)
        return result;
    /* now and then only a part is taken, as a signal or a nearly full disk does */
    if (size > 1 && g_rand_int_range(self->random, 0, 8) == 0)
        size = (gsize)g_rand_int_range(self->random, 1, (gint32)size);
    memcpy(node->now->data + offset, bytes, size);
    return (gssize)size;
}

static int
faulty_preallocate(NiloJournalFiles *table, int file, gint64 size)
{
    NiloFaultyFiles *self = get_self(table);
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);
    Node *node = get_node(self, file);
    const int result = node != NULL ? spend_power(self) : -EIO;

    return result < 0 ? result : grow(self, node, (gsize)size);
}

static void
make_durable(Node *node)
{
    g_byte_array_set_size(node->durable, 0);
    g_byte_array_append(node->durable, node->now->data, node->now->len);
}

static int
faulty_sync(NiloJournalFiles *table, int file)
{
    NiloFaultyFiles *self = get_self(table);
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);
    Node *node = get_node(self, file);
    const int result = node != NULL ? spend_power(self) : -EIO;

    if (result < 0)
        return result;
    if (self->bad_syncs > 0) {
        self->bad_syncs--;
        return -EIO;
    }
    make_durable(node);
    return 0;
}

static int
faulty_sync_folder(NiloJournalFiles *table, const char *path)
{
    NiloFaultyFiles *self = get_self(table);
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);
    const int result = spend_power(self);

    if (result < 0)
        return result;
    for (guint i = 0; i < self->changes->len; i++)
        apply_change(self->durable_names, self->changes->pdata[i]);
    g_ptr_array_set_size(self->changes, 0);
    return 0;
}

static int
faulty_rename(NiloJournalFiles *table, const char *from, const char *to)
{
    NiloFaultyFiles *self = get_self(table);
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);
    Node *node = g_hash_table_lookup(self->names, from);
    const int result = spend_power(self);

    if (result < 0)
        return result;
    if (node == NULL)
        return -ENOENT;
    make_change(self, to, node, from);
    return 0;
}

static int
remove_locked(NiloFaultyFiles *self, const char *path)
{
    if (g_hash_table_lookup(self->names, path) == NULL)
        return -ENOENT;
    make_change(self, path, NULL, NULL);
    return 0;
}

static int
faulty_remove(NiloJournalFiles *table, const char *path)
{
    NiloFaultyFiles *self = get_self(table);
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);
    const int result = spend_power(self);

    return result < 0 ? result : remove_locked(self, path);
}

static int
faulty_list(NiloJournalFiles *table, const char *path, GPtrArray *names)
{
    NiloFaultyFiles *self = get_self(table);
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);
    GHashTableIter iter;
    gpointer key;

    if (self->power == 0)
        return -EIO;
    g_hash_table_iter_init(&iter, self->names);
    while (g_hash_table_iter_next(&iter, &key, NULL))
        g_ptr_array_add(names, g_path_get_basename(key));
    return 0;
}

static gint64
faulty_free_space(NiloJournalFiles *table, const char *path)
{
    NiloFaultyFiles *self = get_self(table);
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);

    return MAX(self->capacity - count_used(self), 0);
}

NiloFaultyFiles *
nilo_faulty_files_new(guint32 seed)
{
    NiloFaultyFiles *self = g_new0(NiloFaultyFiles, 1);

    self->table = (NiloJournalFiles){
        .make_folder = faulty_make_folder,
        .lock = faulty_lock,
        .open = faulty_open,
        .close = faulty_close,
        .read = faulty_read,
        .write = faulty_write,
        .preallocate = faulty_preallocate,
        .sync = faulty_sync,
        .sync_folder = faulty_sync_folder,
        .rename = faulty_rename,
        .remove = faulty_remove,
        .list = faulty_list,
        .free_space = faulty_free_space,
    };
    g_mutex_init(&self->mutex);
    self->random = g_rand_new_with_seed(seed);
    self->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, node_unref);
    self->durable_names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, node_unref);
    self->changes = g_ptr_array_new_with_free_func(change_free);
    self->open = g_ptr_array_new_with_free_func(node_unref);
    self->power = -1;
    self->capacity = G_MAXINT64;
    return self;
}

void
nilo_faulty_files_free(NiloFaultyFiles *self)
{
    g_hash_table_unref(self->names);
    g_hash_table_unref(self->durable_names);
    g_ptr_array_unref(self->changes);
    g_ptr_array_unref(self->open);
    g_rand_free(self->random);
    g_mutex_clear(&self->mutex);
    g_free(self);
}

NiloJournalFiles *
nilo_faulty_files_get_table(NiloFaultyFiles *self)
{
    return &self->table;
}

void
nilo_faulty_files_set_power(NiloFaultyFiles *self, gint operations)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);

    self->power = operations;
}

/* one sector that was being written: old, new, new up to some byte, or nonsense */
static void
tear_sector(NiloFaultyFiles *self, guint8 *sector, const guint8 *fresh, gsize size)
{
    const gint32 choice = g_rand_int_range(self->random, 0, 8);

    if (choice < 3)
        memcpy(sector, fresh, size);
    else if (choice == 3)
        memcpy(sector, fresh, (gsize)g_rand_int_range(self->random, 0, (gint32)size + 1));
    else if (choice == 4)
        for (gsize i = 0; i < size; i++)
            sector[i] = (guint8)g_rand_int(self->random);
}

static void
tear_node(NiloFaultyFiles *self, Node *node)
{
    const gsize old_size = node->durable->len, new_size = node->now->len;
    const gsize size = g_rand_boolean(self->random) ? MAX(old_size, new_size) : old_size;

    g_byte_array_set_size(node->durable, (guint)size);
    if (size > old_size)
        memset(node->durable->data + old_size, 0, size - old_size);
    for (gsize at = 0; at < MIN(size, new_size); at += SECTOR_SIZE) {
        const gsize part = MIN(SECTOR_SIZE, MIN(size, new_size) - at);

        if (memcmp(node->durable->data + at, node->now->data + at, part) != 0)
            tear_sector(self, node->durable->data + at, node->now->data + at, part);
    }
    g_byte_array_set_size(node->now, 0);
    g_byte_array_append(node->now, node->durable->data, node->durable->len);
}

void
nilo_faulty_files_cut(NiloFaultyFiles *self)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);
    const guint n_kept = (guint)g_rand_int_range(self->random, 0, (gint32)self->changes->len + 1);
    GHashTableIter iter;
    gpointer path, node;

    for (guint i = 0; i < n_kept; i++)
        apply_change(self->durable_names, self->changes->pdata[i]);
    g_ptr_array_set_size(self->changes, 0);
    g_ptr_array_set_size(self->open, 0);
    g_hash_table_remove_all(self->names);
    g_hash_table_iter_init(&iter, self->durable_names);
    while (g_hash_table_iter_next(&iter, &path, &node)) {
        tear_node(self, node);
        g_hash_table_insert(self->names, g_strdup(path), node_ref(node));
    }
    self->power = -1;
    self->bad_syncs = 0;
    self->bad_reads = 0;
}

void
nilo_faulty_files_set_capacity(NiloFaultyFiles *self, gint64 capacity)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);

    self->capacity = capacity;
}

void
nilo_faulty_files_set_read_only(NiloFaultyFiles *self, gboolean read_only)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);

    self->read_only = read_only;
}

void
nilo_faulty_files_fail_syncs(NiloFaultyFiles *self, guint count)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);

    self->bad_syncs = count;
}

void
nilo_faulty_files_fail_reads(NiloFaultyFiles *self, guint count)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);

    self->bad_reads = count;
}

gboolean
nilo_faulty_files_flip(NiloFaultyFiles *self, const char *path, gsize offset, guint bit)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);
    const Node *node = g_hash_table_lookup(self->names, path);

    if (node == NULL || offset >= node->now->len)
        return FALSE;
    node->now->data[offset] ^= (guint8)(1u << bit);
    if (offset < node->durable->len)
        node->durable->data[offset] ^= (guint8)(1u << bit);
    return TRUE;
}

gboolean
nilo_faulty_files_remove(NiloFaultyFiles *self, const char *path)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);

    return remove_locked(self, path) == 0;
}

void
nilo_faulty_files_put(NiloFaultyFiles *self, const char *path, const guint8 *bytes, gsize size)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);
    Node *node = node_new();

    g_byte_array_append(node->now, bytes, (guint)size);
    make_durable(node);
    make_change(self, path, node, NULL);
    node_unref(node);
}

static gint
compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *
nilo_faulty_files_list(NiloFaultyFiles *self, const char *suffix)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    GHashTableIter iter;
    gpointer path;

    g_hash_table_iter_init(&iter, self->names);
    while (g_hash_table_iter_next(&iter, &path, NULL)) {
        if (g_str_has_suffix(path, suffix))
            g_ptr_array_add(names, g_strdup(path));
    }
    g_ptr_array_sort(names, compare_names);
    return names;
}
